/** Why is this store not ready? From its spec over its credentials to what the operator said last. */
import type { SecretStore } from '../../api/secret-store.ts';
import { clusterSecretStores, secretStores } from '../../api/resources.ts';
import { isOurs, type StoreRef } from '../../controllers/store-gate.ts';
import { objectKey } from '../../kube/types.ts';
import { asAdmitted } from '../as-admitted.ts';
import type { Examination } from './chain.ts';
import { credentialsOf } from './credentials.ts';
import { look } from './look.ts';
import { needSteps, readNeeds } from './needed-objects.ts';
import { deniedStep, missingStep } from './object.ts';
import { operatorStep, readOperator } from './operator.ts';
import { fail, ok, type Step } from './step.ts';
import { nameOfStore, readyStep, type StoresSeen } from './store.ts';

/** @param namespace empty for a ClusterSecretStore: what is looked up in the namespaces of its users is left out */
export async function examineStore(exam: Examination, ref: StoreRef, namespace: string): Promise<readonly Step[]> {
  const { client, now } = exam;
  const resource = ref.kind === 'SecretStore' ? secretStores : clusterSecretStores;
  const key = objectKey(namespace, ref.name);
  const seen = await look<SecretStore>(client, resource, { namespace, name: ref.name });
  if (seen.state === 'missing') return [missingStep(ref.kind, key)];
  if (seen.state === 'denied') return [deniedStep(ref.kind, key)];
  const stores: StoresSeen = {
    namespace,
    namespaceLabels: { state: 'denied' },
    stores: new Map([[nameOfStore(ref), seen]]),
  };
  const needs = credentialsOf(ref, seen.object, namespace);
  const ready = readyStep(stores, ref);
  return [
    specStep(ref, seen.object, `${ref.kind} ${key}`, exam.controllerClass),
    ...needSteps('credentials', needs, await readNeeds(client, needs)),
    operatorStep(await readOperator(client, exam.leaseName), now),
    ...(ready === undefined ? [] : [ready]),
  ];
}

function specStep(ref: StoreRef, store: Parameters<typeof isOurs>[0], what: string, controllerClass: string): Step {
  if (!isOurs(store, controllerClass)) {
    const wanted = store.spec?.controller;
    return fail(
      what,
      `belongs to controller class "${wanted}", not to "${controllerClass}"`,
      `ask about the operator of that class (--controller-class=${wanted}), or take spec.controller off`,
    );
  }
  const { errors } = asAdmitted(ref.kind, store);
  if (errors.length > 0) return fail(what, errors.join('; '), 'correct its spec as this says');
  return ok(what, 'exists, its spec is valid');
}
