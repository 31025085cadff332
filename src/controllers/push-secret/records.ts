/**
 * What we remember of each PushSecret between two passes. All of it can be rebuilt from the cluster; remembering it spares reads, pushes
 * and events.
 */
import type { PushSecret, PushSecretStatus } from '../../api/push-secret.ts';
import type { ObjectKey, Stored } from '../../kube/types.ts';
import type { FailureMemory } from '../failure.ts';
import type { WrittenStatus } from '../written-status.ts';

export interface PushRecord extends FailureMemory {
  readonly uid: string;
  /** When the last success began, epoch ms. */
  pushedAt: number | undefined;
  /** The version string it belonged to. */
  version: string;
  failed: boolean;
  /** A source, or a template it is made from, has changed since the last pass began. Set by events, also in the middle of a pass. */
  outdated: boolean;
  /** The sources were looked at since this process started: from then on events tell of changes. */
  looked: boolean;
  /** Resource versions of the sources as last read, by name: their own echo is no news. */
  readonly sourceVersions: Map<string, string>;
  /** Changes of templates in other objects, counted: their versions are not known. */
  templateChanges: number;
  /** Per store that cannot be compared with: fingerprint of what was pushed there (D31). */
  readonly blind: Map<string, string>;
  /** The status as we last wrote it, until the cache has caught up. */
  written: WrittenStatus<PushSecretStatus> | undefined;
  /** Its deletion needs no clean-up any more, or waits for none: only the finalizer is left to go. */
  letGo: boolean;
  /** When the next pass should be over at the latest, and its interval (D45). */
  due: { readonly at: number; readonly intervalMs: number } | undefined;
}

export class Records {
  readonly #records = new Map<ObjectKey, PushRecord>();

  /** The record of `ps`; a new one, seeded from its status, when there is none or it was about an object of the same name. */
  of(key: ObjectKey, ps: Stored<PushSecret>): PushRecord {
    const known = this.#records.get(key);
    if (known?.uid === ps.metadata.uid) return known;
    const record = seed(ps);
    this.#records.set(key, record);
    return record;
  }

  peek(key: ObjectKey): PushRecord | undefined {
    return this.#records.get(key);
  }

  forget(key: ObjectKey): void {
    this.#records.delete(key);
  }

  /** How many are late by more than a tenth of their interval. */
  overdue(now: number): number {
    let count = 0;
    for (const { due } of this.#records.values())
      if (due !== undefined && now > due.at + due.intervalMs / 10) count += 1;
    return count;
  }
}

function seed(ps: Stored<PushSecret>): PushRecord {
  const pushedAt = Date.parse(ps.status?.refreshTime ?? '');
  const ready = readyCondition(ps.status);
  const failed = ready?.status === 'False' && ready.reason !== 'SourceDeleted';
  return {
    uid: ps.metadata.uid,
    pushedAt: Number.isNaN(pushedAt) ? undefined : pushedAt,
    version: ps.status?.syncedResourceVersion ?? '',
    failed,
    outdated: false,
    looked: false,
    sourceVersions: new Map(),
    templateChanges: 0,
    blind: new Map(),
    written: undefined,
    lastFailure: failed
      ? { message: ready.message ?? '', toldAt: Date.parse(ready.lastTransitionTime ?? '') || 0 }
      : undefined,
    untold: undefined,
    letGo: false,
    due: undefined,
  };
}

export function readyCondition(
  status: PushSecret['status'],
): NonNullable<NonNullable<PushSecret['status']>['conditions']>[number] | undefined {
  return status?.conditions?.find((condition) => condition.type === 'Ready');
}
