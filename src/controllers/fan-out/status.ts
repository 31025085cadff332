/**
 * What a cluster-wide object tells about its namespaces: two sorted lists and one condition. Written only when something changed.
 */
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

/** `problem`: what is wrong beside the namespaces. */
export function reportOf(
  childName: string,
  outcomes: ReadonlyMap<string, Outcome>,
  problem: string | undefined,
): FanOutReport {
  const sorted = [...outcomes].sort(([a], [b]) => (a < b ? -1 : 1));
  const provisioned = sorted.filter(([, { state }]) => state === 'provisioned').map(([namespace]) => namespace);
  const failed = sorted.flatMap(([namespace, outcome]) =>
    outcome.state === 'failed' ? [{ namespace, reason: outcome.reason }] : [],
  );
  const problems = [problem, failed.length === 0 ? undefined : messageOf(failed)].filter((each) => each !== undefined);
  return { childName, provisioned, failed, message: problems.length === 0 ? undefined : problems.join('; ') };
}

/** Enough to see the pattern; the list has them all. */
const MOST_NAMED = 3;

function messageOf(failed: FanOutReport['failed']): string {
  const named = failed.slice(0, MOST_NAMED).map(({ namespace, reason }) => `${namespace}: ${reason}`);
  const more = failed.length > MOST_NAMED ? `; and ${failed.length - MOST_NAMED} more` : '';
  return `one or more namespaces failed: ${named.join('; ')}${more}`;
}

/** The whole status as it should be; undefined when it says already what it should. */
export function nextStatus(kind: FanOutKind, parent: Parent, report: FanOutReport, now: number): object | undefined {
  const before = kind.statusOf(parent);
  const ready = before?.conditions?.find(({ type }) => type === 'Ready');
  const others = (before?.conditions ?? []).filter(({ type }) => type !== 'Ready');
  const conditions = [kind.condition(ready, report.message, now), ...others];
  const { provisioned: provisionedNamespaces, failed: failedNamespaces } = report;
  const isKept = before?.childName === report.childName;
  if (isKept && isSame(before, { conditions, provisionedNamespaces, failedNamespaces })) return undefined;
  return {
    [kind.nameField]: report.childName,
    conditions,
    // An empty list is left out, as the peer does.
    ...(provisionedNamespaces.length === 0 ? {} : { provisionedNamespaces }),
    ...(failedNamespaces.length === 0 ? {} : { failedNamespaces }),
  };
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
