/** Vault as an administrator sets it up for a cluster, and tenants of it, for tests about stores. */
import { secretStore, serviceAccount, vaultAs, type Provider } from '../builders/objects.ts';
import type { Env } from './env.ts';
import { isValid } from './views.ts';

/** Mounts KV v2 at `apps` and KV v1 at `old`, and enables Kubernetes auth. Once per file. */
export async function prepareVault(env: Env): Promise<void> {
  await env.vault.api('POST', 'sys/mounts/apps', { type: 'kv', options: { version: '2' } });
  await env.vault.api('POST', 'sys/mounts/old', { type: 'kv', options: { version: '1' } });
  // A fresh KV v2 mount answers after a moment only.
  await env.eventually(() => env.vault.put('apps', 'ready', { yes: '1' }));
  await env.enableKubernetesAuth();
}

export interface VaultShop {
  readonly namespace: string;
  /** A provider that logs in with the namespace's role as its account `shop-vault`; `more` adds or replaces fields. */
  readonly store: (more?: Provider) => Provider;
}

/**
 * A namespace with the account `shop-vault`, a role of Vault of the namespace's name bound to it, with `read` on exactly these API paths
 * (default: that of its secret), and the secret `<namespace>/db` at `apps`. `role` adds to the role.
 */
export async function vaultShop(
  env: Env,
  prefix: string,
  paths: (namespace: string) => readonly string[] = (namespace) => [`apps/data/${namespace}/db`],
  role: Readonly<Record<string, unknown>> = {},
): Promise<VaultShop> {
  const namespace = await env.namespace(prefix);
  const rules = paths(namespace).map((path) => `path "${path}" { capabilities = ["read"] }`);
  await env.vault.api('PUT', `sys/policies/acl/${namespace}`, { policy: rules.join('\n') });
  await env.vault.api('POST', `auth/kubernetes/role/${namespace}`, {
    bound_service_account_names: ['shop-vault'],
    bound_service_account_namespaces: [namespace],
    policies: [namespace],
    ttl: '15m',
    ...role,
  });
  await env.vault.put('apps', `${namespace}/db`, { username: 'app', password: 'p&<>"é', port: 6432 });
  await env.apply(serviceAccount(namespace, 'shop-vault'));
  return {
    namespace,
    store: (more = {}) => vaultAs(env.vault.address, namespace, 'shop-vault', { path: 'apps', ...more }),
  };
}

/** The same with a store `vault` that is ready. */
export async function readyVaultShop(...args: Parameters<typeof vaultShop>): Promise<VaultShop> {
  const shop = await vaultShop(...args);
  const [env] = args;
  await env.apply(secretStore(shop.namespace, 'vault', shop.store()));
  await isValid(env, shop.namespace, 'vault');
  return shop;
}
