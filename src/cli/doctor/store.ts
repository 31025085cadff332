/**
 * The SecretStores that an object refers to. Whether one may be used is asked of the reconciler's own gate; whether it is ready, of its
 * condition.
 */
import type { SecretStore } from '../../api/secret-store.ts';
import { clusterSecretStores, namespaces, secretStores } from '../../api/resources.ts';
import { isOurs, StoreGate, type StoreObject, type StoreRef } from '../../controllers/store-gate.ts';
import type { KubeClient } from '../../kube/client.ts';
import type { Stored } from '../../kube/types.ts';
import { asAdmitted } from '../as-admitted.ts';
import { look, seenAs, type Seen } from './look.ts';
import { fail, ok, unknown, type Step } from './step.ts';

/** What there is to know about the stores that one namespace refers to. */
export interface StoresSeen {
  /** Whoever refers to them. */
  readonly namespace: string;
  readonly namespaceLabels: Seen<Readonly<Record<string, string>>>;
  /** By {@link nameOfStore}. Of each name that is referred to, both kinds. */
  readonly stores: ReadonlyMap<string, Seen<StoreObject>>;
}

export function nameOfStore({ kind, name }: StoreRef): string {
  return `${kind} "${name}"`;
}

export async function readStores(
  client: KubeClient,
  refs: readonly StoreRef[],
  namespace: string,
): Promise<StoresSeen> {
  const stores = new Map<string, Seen<StoreObject>>();
  for (const name of new Set(refs.map((ref) => ref.name))) {
    const own = await look<SecretStore>(client, secretStores, { namespace, name });
    stores.set(nameOfStore({ kind: 'SecretStore', name }), own);
    const shared = await look<SecretStore>(client, clusterSecretStores, { name });
    stores.set(nameOfStore({ kind: 'ClusterSecretStore', name }), shared);
  }
  const found = await look(client, namespaces, { name: namespace });
  return { namespace, stores, namespaceLabels: seenAs(found, ({ metadata }: Stored) => metadata.labels ?? {}) };
}

/** The store when it was found. */
export function storeOf({ stores }: StoresSeen, ref: StoreRef): StoreObject | undefined {
  const seen = stores.get(nameOfStore(ref));
  return seen?.state === 'found' ? seen.object : undefined;
}

/** May it be used, by its kind, name, controller class, conditions and spec? Not: is it ready. */
export async function referenceStep(seen: StoresSeen, ref: StoreRef, controllerClass: string): Promise<Step> {
  const what = nameOfStore(ref);
  if (seen.stores.get(what)?.state === 'denied') return unknown(what, `your kubeconfig may not read a ${ref.kind}`);
  const refusal = await refusalOf(seen, ref, controllerClass);
  if (refusal !== undefined) {
    if (hingesOnLabels(seen, ref))
      return unknown(what, `your kubeconfig may not read Namespace "${seen.namespace}", on whose labels it depends`);
    return fail(what, refusal, remedyOf(seen, ref, controllerClass));
  }
  const store = storeOf(seen, ref);
  const { errors } = store === undefined ? { errors: [] } : asAdmitted(ref.kind, store);
  if (errors.length > 0) return fail(what, errors.join('; '), `correct its spec as this says`);
  return ok(what, `exists and may be used from namespace "${seen.namespace}"`);
}

/** How far the gate lets somebody: no session is opened behind it. */
class PassedTheGate extends Error {}

/** In the words of the reconciler; undefined when it would go on to the backend. */
async function refusalOf(seen: StoresSeen, ref: StoreRef, controllerClass: string): Promise<string | undefined> {
  const { namespaceLabels } = seen;
  const gate = new StoreGate({
    find: (each) => storeOf(seen, each),
    namespaceLabels: () => (namespaceLabels.state === 'found' ? namespaceLabels.object : undefined),
    acquire: () => Promise.reject(new PassedTheGate()),
    now: () => 0,
    controllerClass,
    floodGate: false,
  });
  try {
    await gate.open(ref, seen.namespace, new AbortController().signal);
    return undefined;
  } catch (error) {
    if (error instanceof PassedTheGate) return undefined;
    return error instanceof Error ? error.message : 'unknown error';
  }
}

function hingesOnLabels(seen: StoresSeen, ref: StoreRef): boolean {
  const conditions = storeOf(seen, ref)?.spec?.conditions ?? [];
  return seen.namespaceLabels.state === 'denied' && conditions.some((each) => each.namespaceSelector !== undefined);
}

function remedyOf(seen: StoresSeen, ref: StoreRef, controllerClass: string): string {
  const store = storeOf(seen, ref);
  if (store === undefined) {
    const other = ref.kind === 'SecretStore' ? 'ClusterSecretStore' : 'SecretStore';
    const isOther = storeOf(seen, { kind: other, name: ref.name }) !== undefined;
    return isOther ? `set secretStoreRef.kind to ${other}` : 'create it, or correct secretStoreRef';
  }
  if (!isOurs(store, controllerClass))
    return 'ask the operator of that class (--controller-class here and there), or take spec.controller off the store';
  return `add namespace "${seen.namespace}" to spec.conditions of the store, or use another store`;
}

/** What the operator last found when it validated the store; undefined when there is nothing to ask. */
export function readyStep(seen: StoresSeen, ref: StoreRef): Step | undefined {
  const store = storeOf(seen, ref);
  if (store === undefined) return undefined;
  const what = `${nameOfStore(ref)}, as the operator last saw it`;
  const ready = store.status?.conditions?.find(({ type }) => type === 'Ready');
  if (ready === undefined) {
    return fail(
      what,
      'no operator has validated it yet',
      'wait a few seconds; if it stays, see whether an operator of its class runs',
    );
  }
  const said = `${ready.reason ?? 'unknown reason'}: ${ready.message ?? ''}`;
  if (ready.status === 'True') return ok(what, said);
  return fail(what, said, 'correct what this names; the operator validates the store again by itself');
}
