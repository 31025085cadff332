/** First step of the chain: the object itself, as far as it shows without looking at anything else. */
import { externalSecrets } from '../../api/resources.ts';
import type { KubeObject } from '../../kube/types.ts';
import { asAdmitted } from '../as-admitted.ts';
import { fail, ok, type Failure, type Step } from './step.ts';

export function missingStep(kind: string, key: string): Failure {
  return fail(
    `${kind} ${key}`,
    'there is none',
    `look for its namespace and name with: kubectl get ${kind.toLowerCase()} -A`,
  );
}

export function deniedStep(kind: string, key: string): Failure {
  return fail(`${kind} ${key}`, 'your kubeconfig may not read it', 'ask for the role view');
}

/** Nothing is said of what it refers to. */
export function externalSecretStep(es: KubeObject): Step {
  const { namespace, name, deletionTimestamp, finalizers = [], ownerReferences = [] } = es.metadata;
  const what = `${externalSecrets.kind} ${namespace}/${name}`;
  if (deletionTimestamp !== undefined) {
    const waits = finalizers.length === 0 ? '' : `; it waits for ${finalizers.join(', ')}`;
    return fail(
      what,
      `is being deleted since ${deletionTimestamp}${waits}`,
      'wait until it is gone, then create it anew',
    );
  }
  const maker = ownerReferences.find(({ kind }) => kind === 'ClusterExternalSecret');
  const { errors, warnings } = asAdmitted('ExternalSecret', es);
  const problems = [...errors, ...warnings];
  if (problems.length > 0) {
    const where = maker === undefined ? 'its spec' : `spec.externalSecretSpec of ClusterExternalSecret "${maker.name}"`;
    return fail(what, problems.join('; '), `correct ${where} as this says`);
  }
  return ok(
    what,
    `exists${maker === undefined ? '' : `, made by ClusterExternalSecret "${maker.name}"`}, its spec is valid`,
  );
}
