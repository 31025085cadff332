/** What admission would say of an object that is stored already: the same checks as in the reconcile, without a cluster. */
import { GROUP } from '../api/resources.ts';
import { admissionRules } from '../assembly/admission-rules.ts';
import type { KubeObject } from '../kube/types.ts';
import { judge } from '../webhook/judgement.ts';

export type JudgedKind = 'ExternalSecret' | 'SecretStore' | 'ClusterSecretStore';

/** As admission would answer if the object were applied anew: one sentence each. Pure. */
export function asAdmitted(
  kind: JudgedKind,
  object: KubeObject,
): { readonly errors: readonly string[]; readonly warnings: readonly string[] } {
  const where = { name: object.metadata.name, namespace: object.metadata.namespace };
  const type = { group: GROUP, version: 'v1', kind };
  const verdict = judge(kind, { uid: '', kind: type, operation: 'CREATE', object, ...where }, admissionRules);
  return { errors: verdict.message === '' ? [] : verdict.message.split('\n'), warnings: verdict.warnings };
}
