/**
 * What the journeys need of a Vault, and how it is furnished for them.
 */

export interface JourneyBackend {
  readonly address: string;
  readonly rootToken: string;
  api(method: 'GET' | 'POST' | 'PUT' | 'DELETE' | 'LIST', path: string, body?: unknown): Promise<unknown>;
  /** For `auth/kubernetes/config`. */
  readonly kubernetes: { readonly host: string; readonly ca: string; readonly reviewer: string };
  /** The public key of ServiceAccount tokens, PEM. */
  readonly pem: string;
  /** A token of an account in namespace `shop`. */
  accountToken(name: string, audiences: readonly string[]): Promise<string> | string;
  /** Tokens that logins have left behind. */
  leftTokens(): Promise<number> | number;
  readonly hasLdap: boolean;
  close(): Promise<void>;
}

const READ_TWO =
  'path "apps/data/shop/db" { capabilities = ["read"] }\npath "apps/data/shop/api" { capabilities = ["read"] }';
const READ_ALL = 'path "apps/*" { capabilities = ["read", "list"] }\npath "old/*" { capabilities = ["read", "list"] }';
const DB = { user: 'u1', pass: 'p&<>"é', port: 6432, tls: true, opts: { a: 1 }, none: null };

export async function furnish(vault: JourneyBackend): Promise<void> {
  const post = (path: string, body: unknown): Promise<unknown> => vault.api('POST', path, body);
  await post('sys/mounts/apps', { type: 'kv', options: { version: '2' } });
  await post('sys/mounts/team/kv', { type: 'kv', options: { version: '2' } });
  await post('sys/mounts/old', { type: 'kv', options: { version: '1' } });
  for (const [path, data] of [
    ['apps/data/shop/db', DB],
    ['apps/data/shop/api', { key: 'k' }],
    ['apps/data/data/x', { v: 'folder' }],
    ['apps/data/odd/a%20b+%C3%BC@%25', { v: 'odd' }],
    ['apps/data/deep/x', { v: 'x' }],
    ['apps/data/deep/er/db', { v: 'deep' }],
    ['apps/data/versions', { v: 'one' }],
    ['apps/data/versions', { v: 'two' }],
    ['apps/data/versions', { v: 'three' }],
    ['apps/data/deleted', { v: 'gone' }],
    ['apps/data/tagged/a', { v: 'a' }],
    ['apps/data/tagged/b', { v: 'b' }],
    ['team/kv/data/x', { v: 'nested' }],
  ] as const)
    await post(path, { data });
  await post('old/shop/db', DB);
  await post('apps/destroy/versions', { versions: [2] });
  await vault.api('DELETE', 'apps/data/deleted');
  await post('apps/metadata/tagged/a', { custom_metadata: { owner: 'team-a' } });
  await post('apps/metadata/tagged/b', { custom_metadata: { owner: 'team-a', env: 'prod' } });
  await post('sys/policies/acl/shop', { policy: READ_TWO });
  await post('sys/policies/acl/reader', { policy: READ_ALL });
  await furnishLogins(vault, post);
}

async function furnishLogins(
  vault: JourneyBackend,
  post: (path: string, body: unknown) => Promise<unknown>,
): Promise<void> {
  for (const type of ['kubernetes', 'approle', 'userpass', 'jwt']) await post(`sys/auth/${type}`, { type });
  const { host, ca, reviewer } = vault.kubernetes;
  await post('auth/kubernetes/config', { kubernetes_host: host, kubernetes_ca_cert: ca, token_reviewer_jwt: reviewer });
  const bound = {
    bound_service_account_names: 'shop-vault',
    bound_service_account_namespaces: 'shop',
    policies: 'shop',
  };
  await post('auth/kubernetes/role/shop', { ...bound, ttl: '15m' });
  await post('auth/kubernetes/role/s0', { ...bound, ttl: '24h' });
  await post('auth/kubernetes/role/aud', { ...bound, ttl: '15m', audience: 'vault' });
  await post('auth/approle/role/shop', { token_policies: ['shop'], token_ttl: '15m' });
  await post('auth/approle/role/batch', { token_policies: ['shop'], token_ttl: '15m', token_type: 'batch' });
  await post('auth/approle/role/bare', { token_policies: ['shop'], token_ttl: '15m', token_no_default_policy: true });
  await post('auth/userpass/users/ann', { password: 'pw', token_policies: 'shop', token_ttl: '15m' });
  if (vault.hasLdap) {
    await post('sys/auth/ldap', { type: 'ldap' });
    await post('auth/ldap/users/ann', { password: 'pw', token_policies: 'shop' });
  }
  await post('auth/jwt/config', { jwt_validation_pubkeys: [vault.pem] });
  await post('auth/jwt/role/shop', {
    role_type: 'jwt',
    user_claim: 'sub',
    bound_audiences: ['vault'],
    bound_subject: 'system:serviceaccount:shop:shop-vault',
    token_policies: ['shop'],
    token_ttl: '15m',
  });
}

export async function appRole(vault: JourneyBackend, role: string): Promise<{ roleId: string; secretId: string }> {
  const id = (await vault.api('GET', `auth/approle/role/${role}/role-id`)) as { data: { role_id: string } };
  const secret = (await vault.api('POST', `auth/approle/role/${role}/secret-id`, {})) as {
    data: { secret_id: string };
  };
  return { roleId: id.data.role_id, secretId: secret.data.secret_id };
}

/** Revokes every token that a login has left, by accessor. */
export async function revokeAll(vault: JourneyBackend): Promise<void> {
  const { data } = (await vault.api('LIST', 'auth/token/accessors')) as { data: { keys: string[] } };
  for (const accessor of data.keys) {
    const found = (await vault.api('POST', 'auth/token/lookup-accessor', { accessor })) as {
      data: { policies: string[] };
    };
    if (!found.data.policies.includes('root')) await vault.api('POST', 'auth/token/revoke-accessor', { accessor });
  }
}
