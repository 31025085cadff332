/**
 * What we remember of each ExternalSecret between two passes. Everything here can be rebuilt from the cluster (it is seeded
 * from status at the first pass); remembering it spares reads, writes and events.
 */
import type { ExternalSecret, ExternalSecretStatus } from '../../api/external-secret.ts';
import type { ObjectKey, Stored } from '../../kube/types.ts';
import type { FailureMemory } from '../failure.ts';
import type { WrittenStatus } from '../written-status.ts';
import type { LastSync } from './refresh.ts';
import type { TargetRecord } from './validity.ts';

export interface SyncRecord extends FailureMemory {
  readonly uid: string;
  /** When the backend was last read successfully, epoch ms (D52). */
  readAt: number | undefined;
  /** The version string that read belonged to. */
  version: string;
  failed: boolean;
  /** Something it was rendered from has changed since the last pass began. Set by events, also in the middle of a pass. */
  outdated: boolean;
  target: TargetRecord | undefined;
  /** Fingerprint of what was asked for when `target` was last compared with the whole Secret. */
  desired: string | undefined;
  /** The status as we last wrote it, until the cache has caught up. */
  written: WrittenStatus<ExternalSecretStatus> | undefined;
  /** When the next periodic refresh should be over at the latest, and its interval (D45). */
  due: { readonly at: number; readonly intervalMs: number } | undefined;
  /** What the last events about skipped entries and collisions said; most objects have none. */
  told: Partial<Record<'missing' | 'collisions', string>> | undefined;
}

export class Records {
  readonly #records = new Map<ObjectKey, SyncRecord>();

  /** The record of `es`; a new one, seeded from its status, when there is none or it was about an object of the same name. */
  of(key: ObjectKey, es: Stored<ExternalSecret>): SyncRecord {
    const known = this.#records.get(key);
    if (known?.uid === es.metadata.uid) return known;
    const record = seed(es);
    this.#records.set(key, record);
    return record;
  }

  peek(key: ObjectKey): SyncRecord | undefined {
    return this.#records.get(key);
  }

  forget(key: ObjectKey): void {
    this.#records.delete(key);
  }

  get size(): number {
    return this.#records.size;
  }

  /** How many are late for their refresh by more than a tenth of their interval. */
  overdue(now: number): number {
    let count = 0;
    for (const { due } of this.#records.values())
      if (due !== undefined && now > due.at + due.intervalMs / 10) count += 1;
    return count;
  }
}

function seed(es: Stored<ExternalSecret>): SyncRecord {
  const time = es.status?.refreshTime;
  const readAt = time === undefined || time === null ? undefined : Date.parse(time);
  const ready = readyCondition(es);
  return {
    uid: es.metadata.uid,
    readAt: readAt === undefined || Number.isNaN(readAt) ? undefined : readAt,
    version: es.status?.syncedResourceVersion ?? '',
    failed: ready?.status === 'False',
    outdated: false,
    target: undefined,
    desired: undefined,
    written: undefined,
    due: undefined,
    untold: undefined,
    told: undefined,
    lastFailure:
      ready?.status === 'False'
        ? { message: ready.message ?? '', toldAt: Date.parse(ready.lastTransitionTime ?? '') || 0 }
        : undefined,
  };
}

export function readyCondition(
  es: Pick<ExternalSecret, 'status'>,
): NonNullable<NonNullable<ExternalSecret['status']>['conditions']>[number] | undefined {
  return es.status?.conditions?.find((condition) => condition.type === 'Ready');
}

export function lastSyncOf(record: SyncRecord): LastSync {
  return { version: record.version, readAt: record.readAt, failed: record.failed || record.outdated };
}
