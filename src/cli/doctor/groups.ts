/**
 * What is not in order, grouped by its cause: whatever waits for one broken store is one group, headed by the store. Pure. Objects of another
 * controller class, and what is being deleted, are left alone.
 */
import { storeRefsOf } from '../../controllers/external-secret/gather.ts';
import type { StoreRef } from '../../controllers/store-gate.ts';
import { keyOf, type Stored } from '../../kube/types.ts';
import { complaintOf, type Conditioned } from './last-pass.ts';
import { isOverdue, isPushOverdue } from './refresh.ts';
import { StoreFaults } from './store-faults.ts';
import { pushStoreRefs, type Survey } from './survey.ts';

export interface Group {
  readonly cause: string;
  /** The cause is itself an object that is not in order: a store. */
  readonly isObject: boolean;
  /** `Kind namespace/name` of all others it concerns. */
  readonly objects: readonly string[];
}

export interface Grouped {
  readonly groups: readonly Group[];
  /** How many objects were looked at. */
  readonly looked: number;
}

interface User {
  readonly name: string;
  readonly object: Stored<Conditioned>;
  readonly isPush: boolean;
  readonly isLate: boolean;
  readonly refs: readonly StoreRef[];
}

const OVERDUE = 'overdue for their refresh by more than a tenth of their interval';

/** Broken stores first, then the largest group. `now` in epoch ms. */
export function groupsOf(survey: Survey, controllerClass: string, now: number): Grouped {
  const stores = new StoreFaults(survey, controllerClass, now);
  const users = usersOf(survey, now).filter((user) => !isForeign(user, stores));
  const waiting = new Map<string, string[]>(stores.broken.map((cause) => [cause, []]));
  for (const user of users) {
    const cause = causeOf(user, stores, now);
    if (cause !== undefined) waiting.set(cause, [...(waiting.get(cause) ?? []), user.name]);
  }
  const broken = new Set(stores.broken);
  const groups = [...waiting].map(([cause, objects]) => ({ cause, isObject: broken.has(cause), objects }));
  const order = (a: Group, b: Group): number =>
    Number(b.isObject) - Number(a.isObject) || b.objects.length - a.objects.length;
  return { groups: groups.sort(order), looked: users.length + stores.count };
}

/** An ExternalSecret is another operator's as soon as one of its stores is, a PushSecret when all are. */
function isForeign({ object, refs, isPush }: User, stores: StoreFaults): boolean {
  const foreign = stores.foreignAmong(refs, object).length;
  return foreign > 0 && (!isPush || foreign === refs.length);
}

function causeOf({ object, isLate, refs }: User, stores: StoreFaults, now: number): string | undefined {
  const complaint = complaintOf(object, now);
  if (complaint === undefined) return isLate ? OVERDUE : undefined;
  return stores.faultOf(refs, object) ?? complaint;
}

function usersOf(survey: Survey, now: number): readonly User[] {
  const users: readonly User[] = [
    ...survey.externalSecrets.map((object) => ({
      name: `ExternalSecret ${keyOf(object)}`,
      object,
      isPush: false,
      isLate: isOverdue(object, now),
      refs: storeRefsOf(object),
    })),
    ...survey.pushSecrets.map((object) => ({
      name: `PushSecret ${keyOf(object)}`,
      object,
      isPush: true,
      isLate: isPushOverdue(object, now),
      refs: pushStoreRefs(object),
    })),
    ...[...survey.fanOuts].flatMap(([kind, objects]) =>
      objects.map((object) => ({ name: `${kind} ${keyOf(object)}`, object, isPush: false, isLate: false, refs: [] })),
    ),
  ];
  return users.filter(({ object }) => object.metadata.deletionTimestamp === undefined);
}
