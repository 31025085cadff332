/**
 * What a cluster-wide object tells about its namespaces: two sorted lists and one condition. Written only when something changed.
 */
import type { KubeClient } from '../../kube/client.ts';
import { NotFoundError } from '../../kube/errors.ts';
import type { Outcome } from './deps.ts';
import type { FanOutKind, FanOutStatus, Parent } from './kind.ts';

export interface FanOutReport {
  readonly childName: string;
  readonly provisioned: readonly string[];
  readonly failed: readonly { readonly namespace: string; readonly reason: string }[];
  /** Undefined: all is well. */
  readonly message: string | undefined;
}

/** Failures of no namespace in particular stand under this name. */
export const UNKNOWN_NAMESPACE = 'unknown';

export function reportOf(childName: string, outcomes: ReadonlyMap<string, Outcome>): FanOutReport {
  const sorted = [...outcomes].sort(([a], [b]) => (a < b ? -1 : 1));
  const provisioned = sorted.filter(([, { state }]) => state === 'provisioned').map(([namespace]) => namespace);
  const failed = sorted.flatMap(([namespace, outcome]) =>
    outcome.state === 'failed' ? [{ namespace, reason: outcome.reason }] : [],
  );
  return { childName, provisioned, failed, message: failed.length === 0 ? undefined : messageOf(failed) };
}

/** Enough to see the pattern; the list has them all. */
const MOST_NAMED = 3;

function messageOf(failed: FanOutReport['failed']): string {
  const named = failed.slice(0, MOST_NAMED).map(({ namespace, reason }) => `${namespace}: ${reason}`);
  const more = failed.length > MOST_NAMED ? `; and ${failed.length - MOST_NAMED} more` : '';
  return `one or more namespaces failed: ${named.join('; ')}${more}`;
}

/** The status as a merge patch; undefined when it says already what it should. */
export function statusPatch(kind: FanOutKind, parent: Parent, report: FanOutReport, now: number): object | undefined {
  const before = kind.statusOf(parent);
  const ready = before?.conditions?.find(({ type }) => type === 'Ready');
  const others = (before?.conditions ?? []).filter(({ type }) => type !== 'Ready');
  const condition = kind.condition(ready, report.message, now);
  const next = {
    conditions: [condition, ...others],
    provisionedNamespaces: report.provisioned,
    failedNamespaces: report.failed,
  };
  if (before?.childName === report.childName && isSame(before, next)) return undefined;
  return {
    [kind.nameField]: report.childName,
    conditions: next.conditions,
    provisionedNamespaces: orNull(next.provisionedNamespaces),
    failedNamespaces: orNull(next.failedNamespaces),
  };
}

/** The UID guards against a new object of the same name. */
export async function writeStatus(
  client: KubeClient,
  kind: FanOutKind,
  { metadata }: Parent,
  status: object,
  signal: AbortSignal,
): Promise<void> {
  const { name, uid } = metadata;
  try {
    const options = { type: 'merge', subresource: 'status', signal } as const;
    await client.patch(kind.parent, { name }, { metadata: { uid }, status }, options);
  } catch (error) {
    if (!(error instanceof NotFoundError)) throw error;
  }
}

function isSame(before: FanOutStatus, next: FanOutStatus): boolean {
  const text = ({ conditions = [], provisionedNamespaces = [], failedNamespaces = [] }: FanOutStatus): string =>
    JSON.stringify([
      conditions.map(({ type, status, reason, message }) => [type, status, reason, message]),
      provisionedNamespaces,
      failedNamespaces.map(({ namespace, reason }) => [namespace, reason]),
    ]);
  return text(before) === text(next);
}

/** An empty list is left out, as the peer does. */
function orNull<T>(list: readonly T[]): readonly T[] | null {
  return list.length === 0 ? null : list;
}
