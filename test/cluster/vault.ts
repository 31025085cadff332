/** Vault beside the cluster, as its administrator prepares it for the operator's own account (J09). */
import { seenByPods } from '../real-parts/start-node.ts';
import { RealVault } from '../real-parts/vault-backend.ts';
import { apply, kubectl, NAMESPACE, parts } from './cluster.ts';

/** Where Pods find it. */
export const VAULT = seenByPods(parts.vault);
const backend = new RealVault(parts.vault, parts.vaultRootToken);

/** KV v2 at `apps`, Kubernetes auth, and the role `operator` of the operator's account, which may read `apps/data/shop/db`. */
export async function prepareVault(): Promise<void> {
  await backend.api('POST', 'sys/mounts/apps', { type: 'kv', options: { version: '2' } });
  await backend.api('POST', 'sys/auth/kubernetes', { type: 'kubernetes' });
  await backend.api('POST', 'auth/kubernetes/config', await reviewer());
  await backend.api('PUT', 'sys/policies/acl/operator', {
    policy: 'path "apps/data/shop/db" { capabilities = ["read"] }',
  });
  await backend.api('POST', 'auth/kubernetes/role/operator', {
    bound_service_account_names: ['external-secrets'],
    bound_service_account_namespaces: [NAMESPACE],
    policies: ['operator'],
    ttl: '15m',
  });
}

export function putShop(data: Readonly<Record<string, string>>): Promise<void> {
  return backend.put('apps', 'shop/db', data);
}

/** The account with whose token Vault asks the API server whether a token is good. */
async function reviewer(): Promise<object> {
  const account = { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'vault', namespace: 'default' } };
  await apply(account, {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'ClusterRoleBinding',
    metadata: { name: 'vault' },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'system:auth-delegator' },
    subjects: [{ kind: 'ServiceAccount', name: 'vault', namespace: 'default' }],
  });
  const token = await kubectl(['create', 'token', 'vault', '--duration=24h']);
  const ca = await kubectl(['get', 'configmap', 'kube-root-ca.crt', '--output=jsonpath={.data.ca\\.crt}']);
  return { kubernetes_host: parts.server, kubernetes_ca_cert: ca, token_reviewer_jwt: token.trim() };
}
