/**
 * Why is this one not synced? The steps from an ExternalSecret to its Secret, ordered so that the first failing one is the cause: what is
 * written wrong comes before what nobody runs, and that before what the operator said last.
 */
import type { ExternalSecret } from '../../api/external-secret.ts';
import { externalSecrets } from '../../api/resources.ts';
import type { StoredExternalSecret } from '../../controllers/external-secret/deps.ts';
import { generatorRefsOf, storeRefsOf } from '../../controllers/external-secret/gather.ts';
import { storeKey, type StoreRef } from '../../controllers/store-gate.ts';
import type { KubeClient } from '../../kube/client.ts';
import { credentialsOf, templateSourcesOf } from './credentials.ts';
import { generatorSteps } from './generators.ts';
import { lastPassStep, lastWarning } from './last-pass.ts';
import { look } from './look.ts';
import { needSteps, readNeeds } from './needed-objects.ts';
import { deniedStep, externalSecretStep, missingStep } from './object.ts';
import { operatorStep, readOperator } from './operator.ts';
import { refreshStep } from './refresh.ts';
import type { Step } from './step.ts';
import { readStores, readyStep, referenceStep, storeOf, type StoresSeen } from './store.ts';
import { readTarget, targetStep } from './target.ts';

export interface Examination {
  readonly client: KubeClient;
  /** Epoch ms. */
  readonly now: number;
  readonly controllerClass: string;
  readonly leaseName: string;
}

export async function examineExternalSecret(
  exam: Examination,
  namespace: string,
  name: string,
): Promise<readonly Step[]> {
  const { client, now } = exam;
  const key = `${namespace}/${name}`;
  const seen = await look<ExternalSecret>(client, externalSecrets, { namespace, name });
  if (seen.state === 'missing') return [missingStep(externalSecrets.kind, key)];
  if (seen.state === 'denied') return [deniedStep(externalSecrets.kind, key)];
  const es = seen.object;
  const warning = await lastWarning(client, es);
  const [before, after] = await storeSteps(exam, distinct(storeRefsOf(es), namespace), namespace);
  return [
    externalSecretStep(es),
    ...before,
    ...(await generatorSteps(client, generatorRefsOf(es), namespace)),
    ...(await templateSteps(client, es)),
    operatorStep(await readOperator(client, exam.leaseName), now),
    ...after,
    targetStep(es, await readTarget(client, es)),
    lastPassStep(es, warning, now),
    refreshStep(es, now),
  ];
}

/** What can be known of stores without the operator, and what it said of them. */
export async function storeSteps(
  { client, controllerClass }: Examination,
  refs: readonly StoreRef[],
  namespace: string,
): Promise<readonly [before: readonly Step[], after: readonly Step[]]> {
  const stores = await readStores(client, refs, namespace);
  const before = [];
  for (const ref of refs) {
    before.push(await referenceStep(stores, ref, controllerClass), ...(await credentialSteps(client, stores, ref)));
  }
  return [before, refs.map((ref) => readyStep(stores, ref)).filter((step) => step !== undefined)];
}

async function credentialSteps(client: KubeClient, stores: StoresSeen, ref: StoreRef): Promise<readonly Step[]> {
  const store = storeOf(stores, ref);
  const needs = store === undefined ? [] : credentialsOf(ref, store, stores.namespace);
  return needSteps('credentials', needs, await readNeeds(client, needs));
}

async function templateSteps(client: KubeClient, es: StoredExternalSecret): Promise<readonly Step[]> {
  const needs = templateSourcesOf(es);
  return needSteps('templates', needs, await readNeeds(client, needs));
}

function distinct(refs: readonly StoreRef[], namespace: string): readonly StoreRef[] {
  return [...new Map(refs.map((ref) => [storeKey(ref, namespace), ref])).values()];
}
