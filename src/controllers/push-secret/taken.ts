/**
 * Takes out of the plans what an older PushSecret keeps (D30). The rest goes on: who shares one destination too many is not kept from the
 * others. Asks nobody.
 */
import { olderClaimant } from './claims.ts';
import type { Deps } from './deps.ts';
import type { Gathered } from './gather.ts';
import type { PlannedEntry, StorePlan } from './plan.ts';
import { PushProblem } from './problem.ts';
import type { Failure } from './push.ts';
import type { TargetStore } from './stores.ts';

export interface Free {
  readonly plans: readonly StorePlan[];
  /** One for each entry that was taken out. */
  readonly taken: readonly Failure[];
}

export function withoutTaken(deps: Deps, gathered: Gathered, plans: readonly StorePlan[]): Free {
  const taken: Failure[] = [];
  const free = plans.map(({ store, entries }) => ({
    store,
    entries: new Map(
      [...entries].filter(([, entry]) => {
        const error = keptByOlder(deps, gathered, store, entry);
        if (error !== undefined) taken.push({ store: store.key, remoteKey: entry.remoteKey, error });
        return error === undefined;
      }),
    ),
  }));
  return { plans: free, taken };
}

function keptByOlder(
  deps: Deps,
  { ps, namespace }: Gathered,
  store: TargetStore,
  { remoteKey, property }: PlannedEntry,
): PushProblem | undefined {
  const older = olderClaimant(deps, ps, { store: store.ref, remoteKey, property });
  if (older === undefined) return undefined;
  const isNear = older.metadata.namespace === namespace;
  const who = isNear ? `PushSecret "${older.metadata.name}"` : 'a PushSecret of another namespace';
  const what = property === undefined ? '' : `property "${property}": `;
  return new PushProblem(`${what}${who} is older and pushes there; use another remote key or property`, {
    permanent: true,
  });
}
