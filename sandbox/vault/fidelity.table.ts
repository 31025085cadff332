/**
 * Requests whose answers the sandbox must give as the real Vault does. Run in order against a fresh dev server; the real
 * answers are in `fidelity.golden.json`.
 */

export interface Step {
  /** `METHOD path`; `<name>` stands for a saved or given text. */
  readonly call: string;
  readonly body?: unknown;
  /** The name of a saved token, `root` (default) or `none`. */
  readonly as?: string;
  /** Keeps members of the answer under names, by path, e.g. `{ ann: 'auth.client_token' }`. */
  readonly save?: Readonly<Record<string, string>>;
}

const SHOP = `path "secret/data/shop/*" { capabilities = ["read"] }
# a comment
path "secret/data/+/open" {
  capabilities = ["read", "create"]
}
path "secret/metadata/shop/*" { capabilities = ["list"] }
path "secret/data/shop/closed" { capabilities = ["deny"] }`;

const created = { save: { token: 'auth.client_token' } };
const create = (body: object): Step => ({ call: 'POST auth/token/create', body, ...created });

const kv: readonly Step[] = [
  { call: 'GET sys/health', as: 'none' },
  { call: 'GET secret/data/foo' },
  { call: 'GET secret/data/foo', as: 'none' },
  { call: 'GET secret/data/foo', as: 'bogus' },
  { call: 'POST secret/data/foo', body: { data: { b: 'x', a: 1.5, n: 1e21, m: 2 ** 60, o: { z: 1, y: null } } } },
  { call: 'GET secret/data/foo' },
  { call: 'GET secret/data/foo?version=1' },
  { call: 'GET secret/data/foo?version=0' },
  { call: 'GET secret/data/foo?version=-1' },
  { call: 'GET secret/data/foo?version=9' },
  { call: 'GET secret/data/foo?version=abc' },
  { call: 'GET secret/data//foo' },
  { call: 'GET secret/foo' },
  { call: 'LIST secret/foo' },
  { call: 'LIST secret/data' },
  { call: 'GET secret/data' },
  { call: 'GET secret/data/' },
  { call: 'GET secret' },
  { call: 'GET nomount/foo' },
  { call: 'PUT secret/data/foo', body: {} },
  { call: 'PUT secret/data/foo', body: { data: 'x' } },
  { call: 'PUT secret/data/foo', body: { data: { a: 2 }, options: { cas: 0 } } },
  { call: 'PUT secret/data/foo', body: { data: { a: 2 }, options: { cas: 1 } } },
  { call: 'POST secret/metadata/foo', body: { custom_metadata: { owner: 'me' }, cas_required: true, max_versions: 3 } },
  { call: 'GET secret/metadata/foo' },
  { call: 'PUT secret/data/foo', body: { data: { a: 3 } } },
  { call: 'PUT secret/data/foo', body: { data: { a: 3 }, options: { cas: 2 } } },
  { call: 'POST secret/delete/foo', body: { versions: [2] } },
  { call: 'GET secret/data/foo?version=2' },
  { call: 'POST secret/undelete/foo', body: { versions: [2] } },
  { call: 'GET secret/data/foo?version=2' },
  { call: 'PUT secret/destroy/foo', body: { versions: [2] } },
  { call: 'GET secret/data/foo?version=2' },
  { call: 'DELETE secret/data/foo' },
  { call: 'GET secret/data/foo' },
  { call: 'PUT secret/data/foo', body: { data: { a: 4 }, options: { cas: 3 } } },
  { call: 'GET secret/data/foo?version=1' },
  { call: 'GET secret/metadata/foo' },
  { call: 'PUT secret/data/shop/a/b', body: { data: { k: 'v' } } },
  { call: 'PUT secret/data/shop/c', body: { data: { k: 'v' } } },
  { call: 'LIST secret/metadata' },
  { call: 'LIST secret/metadata/' },
  { call: 'GET secret/metadata?list=true' },
  { call: 'LIST secret/metadata/shop' },
  { call: 'LIST secret/metadata/shop/' },
  { call: 'LIST secret/metadata/nope' },
  { call: 'GET secret/metadata/nope' },
  { call: 'GET secret/config' },
  { call: 'DELETE secret/metadata/foo' },
  { call: 'GET secret/metadata/foo' },
  { call: 'DELETE secret/data/nope' },
  { call: 'POST sys/mounts/kv1', body: { type: 'kv', options: { version: '1' } } },
  { call: 'POST sys/mounts/kv1', body: { type: 'kv' } },
  { call: 'POST sys/mounts/secret/x', body: { type: 'kv' } },
  { call: 'POST sys/mounts/odd', body: { type: 'oddity' } },
  { call: 'POST sys/mounts/team/kv', body: { type: 'kv-v2' } },
  { call: 'LIST team/kv/metadata' },
  { call: 'PUT kv1/foo', body: { b: 'x', a: 1.5, o: { z: [1, 'y'], a: null } } },
  { call: 'GET kv1/foo' },
  { call: 'GET kv1/foo?version=7' },
  { call: 'GET kv1/data/foo' },
  { call: 'PUT kv1/foo', body: {} },
  { call: 'PUT kv1/lease', body: { ttl: '1h', v: 1 } },
  { call: 'GET kv1/lease' },
  { call: 'LIST kv1' },
  { call: 'LIST kv1/none' },
  { call: 'DELETE kv1/foo' },
  { call: 'DELETE kv1/foo' },
  { call: 'GET kv1/foo' },
  { call: 'DELETE sys/mounts/kv1' },
  { call: 'GET kv1/lease' },
];

const tokens: readonly Step[] = [
  { call: 'PUT sys/policies/acl/shop', body: { policy: SHOP } },
  { call: 'GET sys/policies/acl/shop' },
  { call: 'GET sys/policy/shop' },
  { call: 'LIST sys/policies/acl' },
  { call: 'GET sys/policies/acl/none' },
  create({ policies: ['shop'], ttl: '15m' }),
  { call: 'GET auth/token/lookup-self', as: 'token' },
  { call: 'GET secret/data/shop/c', as: 'token' },
  { call: 'GET secret/data/shop/none', as: 'token' },
  { call: 'GET secret/data/shop/closed', as: 'token' },
  { call: 'GET secret/data/other', as: 'token' },
  { call: 'GET secret/data/any/open', as: 'token' },
  { call: 'GET secret/data/any/more/open', as: 'token' },
  { call: 'PUT secret/data/any/open', as: 'token', body: { data: { a: 1 } } },
  { call: 'PUT secret/data/any/open', as: 'token', body: { data: { a: 1 } } },
  { call: 'DELETE secret/data/shop/c', as: 'token' },
  { call: 'LIST secret/metadata/shop/a', as: 'token' },
  { call: 'LIST secret/metadata/shop', as: 'token' },
  { call: 'LIST secret/metadata', as: 'token' },
  { call: 'GET nomount/x', as: 'token' },
  {
    call: 'POST sys/capabilities-self',
    as: 'token',
    body: { paths: ['secret/data/shop/c', 'secret/data/x', 'secret/data/a/open'] },
  },
  { call: 'PUT auth/token/renew-self', as: 'token', body: {} },
  { call: 'PUT auth/token/revoke-self', as: 'token', body: {} },
  { call: 'GET auth/token/lookup-self', as: 'token' },
  { call: 'PUT auth/token/revoke-self', as: 'token', body: {} },
  create({ policies: ['shop'], type: 'batch', ttl: '15m' }),
  { call: 'GET auth/token/lookup-self', as: 'token' },
  { call: 'PUT auth/token/renew-self', as: 'token', body: {} },
  { call: 'PUT auth/token/revoke-self', as: 'token', body: {} },
  create({ policies: ['shop'], ttl: '15m', renewable: false }),
  { call: 'PUT auth/token/renew-self', as: 'token', body: {} },
  create({ policies: ['shop'], period: '5m' }),
  { call: 'GET auth/token/lookup-self', as: 'token' },
  { call: 'PUT auth/token/renew-self', as: 'token', body: { increment: '1h' } },
  create({ policies: ['shop'], ttl: '10m', explicit_max_ttl: '20m' }),
  { call: 'PUT auth/token/renew-self', as: 'token', body: {} },
  create({ policies: ['shop'], no_default_policy: true }),
  { call: 'GET auth/token/lookup-self', as: 'token' },
  { call: 'PUT auth/token/renew-self', as: 'token', body: {} },
  { call: 'PUT auth/token/revoke-self', as: 'token', body: {} },
  create({ policies: ['shop'], ttl: '15m', num_uses: 2 }),
  { call: 'GET secret/data/shop/c', as: 'token' },
  { call: 'GET secret/data/denied', as: 'token' },
  { call: 'GET secret/data/shop/c', as: 'token' },
  create({ policies: ['nopolicy'] }),
  create({ policies: ['shop'], id: 'own-id', ttl: '1h' }),
  { call: 'POST auth/token/lookup', body: { token: 'own-id' } },
  { call: 'POST auth/token/lookup', body: { token: 'unknown' } },
  { call: 'PUT auth/token/revoke', body: { token: 'own-id' } },
  { call: 'POST auth/token/lookup', body: { token: 'own-id' } },
  { call: 'GET auth/token/lookup-self' },
];

const logins: readonly Step[] = [
  { call: 'POST auth/nomount/login', as: 'none', body: { role_id: 'x', secret_id: 'y' } },
  { call: 'POST sys/auth/approle', body: { type: 'approle' } },
  { call: 'POST sys/auth/approle', body: { type: 'approle' } },
  { call: 'POST auth/approle/role/shop', body: { token_policies: ['shop'], token_ttl: '15m', token_max_ttl: '30m' } },
  { call: 'GET auth/approle/role/shop' },
  { call: 'GET auth/approle/role/none' },
  { call: 'LIST auth/approle/role' },
  { call: 'GET auth/approle/role/shop/role-id', save: { role: 'data.role_id' } },
  { call: 'POST auth/approle/role/shop/secret-id', body: {}, save: { secret: 'data.secret_id' } },
  { call: 'POST auth/approle/login', as: 'none', body: { role_id: '<role>', secret_id: '<secret>' }, ...created },
  { call: 'GET auth/token/lookup-self', as: 'token' },
  { call: 'PUT auth/token/renew-self', as: 'token', body: {} },
  { call: 'POST auth/approle/login', as: 'none', body: { role_id: '<role>', secret_id: 'wrong' } },
  { call: 'POST auth/approle/login', as: 'none', body: { role_id: 'wrong', secret_id: '<secret>' } },
  { call: 'POST auth/approle/login', as: 'none', body: { role_id: '<role>' } },
  { call: 'POST auth/approle/login', as: 'none', body: {} },
  { call: 'POST auth/approle/role/batch', body: { token_policies: 'shop', token_type: 'batch', token_ttl: '5m' } },
  { call: 'GET auth/approle/role/batch/role-id', save: { role: 'data.role_id' } },
  { call: 'POST auth/approle/role/batch/secret-id', body: {}, save: { secret: 'data.secret_id' } },
  { call: 'PUT auth/approle/login', as: 'none', body: { role_id: '<role>', secret_id: '<secret>' } },
  { call: 'POST sys/auth/userpass', body: { type: 'userpass' } },
  { call: 'POST auth/userpass/users/ann', body: { password: 'pw', token_policies: 'shop', token_ttl: '10m' } },
  { call: 'POST auth/userpass/login/ann', as: 'none', body: { password: 'pw' }, ...created },
  { call: 'GET auth/token/lookup-self', as: 'token' },
  { call: 'POST auth/userpass/login/ANN', as: 'none', body: { password: 'pw' } },
  { call: 'POST auth/userpass/login/ann', as: 'none', body: { password: 'no' } },
  { call: 'POST auth/userpass/login/bob', as: 'none', body: { password: 'pw' } },
];

const SHOP_ROLE = { bound_service_account_names: 'shop-vault', bound_service_account_namespaces: 'shop' };
const login = (role: string, jwt: string): Step => ({
  call: 'POST auth/kubernetes/login',
  as: 'none',
  body: { role, jwt },
});

/** Needs an API server: `<kube>`, `<ca>`, tokens `<reviewer>`, `<good>`, `<vault>` (audience vault), `<foreign>`, `<other>`. */
const kubernetes: readonly Step[] = [
  { call: 'POST sys/auth/kubernetes', body: { type: 'kubernetes' } },
  { call: 'GET auth/kubernetes/config' },
  login('shop', '<good>'),
  { call: 'POST auth/kubernetes/role/shop', body: { ...SHOP_ROLE, policies: 'shop', ttl: '15m' } },
  login('shop', '<good>'),
  {
    call: 'POST auth/kubernetes/config',
    body: { kubernetes_host: '<kube>', kubernetes_ca_cert: '<ca>', token_reviewer_jwt: '<reviewer>' },
  },
  { call: 'GET auth/kubernetes/role/shop' },
  { call: 'GET auth/kubernetes/role/none' },
  { call: 'LIST auth/kubernetes/role' },
  { call: 'POST auth/kubernetes/role/bad', body: { bound_service_account_names: 'x' } },
  { call: 'POST auth/kubernetes/role/bad', body: { bound_service_account_namespaces: 'x' } },
  {
    call: 'POST auth/kubernetes/role/s0',
    body: {
      bound_service_account_names: ['shop-vault'],
      bound_service_account_namespaces: ['shop'],
      policies: ['shop'],
      ttl: '24h',
    },
  },
  {
    call: 'POST auth/kubernetes/role/aud',
    body: {
      bound_service_account_names: '*',
      bound_service_account_namespaces: '*',
      token_policies: 'shop',
      token_ttl: '15m',
      audience: 'vault',
    },
  },
  { call: 'GET auth/kubernetes/role/aud' },
  { ...login('shop', '<good>'), ...created },
  { call: 'GET auth/token/lookup-self', as: 'token' },
  login('s0', '<good>'),
  login('shop', '<vault>'),
  login('shop', '<foreign>'),
  login('shop', '<other>'),
  login('shop', 'garbage'),
  login('shop', '<good>x'),
  login('aud', '<good>'),
  login('aud', '<vault>'),
  login('none', '<good>'),
  { call: 'POST auth/kubernetes/login', as: 'none', body: { role: 'shop' } },
  { call: 'POST auth/kubernetes/login', as: 'none', body: { jwt: 'x' } },
  {
    call: 'POST auth/kubernetes/config',
    body: { kubernetes_host: '<kube>', kubernetes_ca_cert: '<ca>', token_reviewer_jwt: '<foreign>' },
  },
  login('shop', '<good>'),
  {
    call: 'POST auth/kubernetes/config',
    body: { kubernetes_host: 'https://127.0.0.1:1', kubernetes_ca_cert: '<ca>', token_reviewer_jwt: '<reviewer>' },
  },
  login('shop', '<good>'),
];

const CLAIMS_ROLE = {
  role_type: 'jwt',
  user_claim: '/kubernetes.io/serviceaccount/name',
  bound_audiences: ['vault'],
  bound_claims: { '/kubernetes.io/namespace': 'other' },
  token_policies: ['shop'],
};
const jwtLogin = (body: object): Step => ({ call: 'POST auth/jwt/login', as: 'none', body });

/** Needs `<pem>`, the public key of the tokens above. */
const jwt: readonly Step[] = [
  { call: 'POST sys/auth/jwt', body: { type: 'jwt' } },
  jwtLogin({ role: 'shop', jwt: '<vault>' }),
  { call: 'POST auth/jwt/config', body: { jwt_validation_pubkeys: ['<pem>'] } },
  {
    call: 'POST auth/jwt/role/shop',
    body: {
      role_type: 'jwt',
      user_claim: 'sub',
      bound_audiences: ['vault'],
      bound_subject: 'system:serviceaccount:shop:shop-vault',
      token_policies: ['shop'],
      token_ttl: '15m',
    },
  },
  { ...jwtLogin({ role: 'shop', jwt: '<vault>' }), ...created },
  { call: 'GET auth/token/lookup-self', as: 'token' },
  jwtLogin({ role: 'shop', jwt: '<good>' }),
  jwtLogin({ role: 'shop', jwt: '<foreign-vault>' }),
  jwtLogin({ role: 'shop', jwt: '<vault>x' }),
  jwtLogin({ role: 'shop', jwt: 'garbage' }),
  jwtLogin({ role: 'none', jwt: '<vault>' }),
  jwtLogin({ role: 'shop' }),
  jwtLogin({ jwt: '<vault>' }),
  { call: 'POST auth/jwt/role/claims', body: CLAIMS_ROLE },
  jwtLogin({ role: 'claims', jwt: '<vault>' }),
  { call: 'POST auth/jwt/role/claims', body: { ...CLAIMS_ROLE, user_claim_json_pointer: true } },
  jwtLogin({ role: 'claims', jwt: '<vault>' }),
];

export const STEPS: readonly Step[] = [...kv, ...tokens, ...logins, ...kubernetes, ...jwt];
