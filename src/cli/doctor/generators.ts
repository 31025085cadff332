/** The generators that an object refers to: are they there? */
import { clusterGenerators, generatorResources } from '../../api/resources.ts';
import type { GeneratorRef } from '../../api/references.ts';
import type { KubeClient } from '../../kube/client.ts';
import { look } from './look.ts';
import { fail, ok, unknown, type Step } from './step.ts';

/** One step each. */
export async function generatorSteps(
  client: KubeClient,
  refs: readonly GeneratorRef[],
  namespace: string,
): Promise<readonly Step[]> {
  return Promise.all(refs.map((ref) => generatorStep(client, ref, namespace)));
}

async function generatorStep(client: KubeClient, { kind, name }: GeneratorRef, namespace: string): Promise<Step> {
  const what = `${kind} "${name}"`;
  const resource = generatorResources.find((each) => each.kind === kind);
  if (resource === undefined) return unknown(what, 'a kind that this build does not know');
  const seen = await look(client, resource, { namespace, name });
  if (seen.state === 'found') return ok(what, 'exists');
  if (seen.state === 'denied') return unknown(what, `your kubeconfig may not read a ${kind}`);
  const where = kind === clusterGenerators.kind ? '' : ` in namespace "${namespace}"`;
  return fail(what, `not found${where}`, `create it${where}, or correct sourceRef.generatorRef`);
}
