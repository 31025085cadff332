/**
 * What users do with a Vault SecretStore, written once: run against the sandbox's Vault beside this file, and against
 * the real Vault with a real API server when one is at hand.
 */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { InvalidProviderConfigError, PermissionDeniedError, ProviderError, SecretNotFoundError } from '../errors.ts';
import type { RemoteRef, SecretsClient } from '../provider.ts';
import { sessionContext, type Surroundings } from './context.fixture.ts';
import { vaultModule } from './index.ts';

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

export function vaultJourneys(name: string, makeBackend: () => Promise<JourneyBackend>): void {
  describe(name, () => {
    let vault: JourneyBackend;
    const signal = AbortSignal.timeout(60_000);
    before(async () => {
      vault = await makeBackend();
      await furnish(vault);
    });
    after(() => vault.close());

    const open = (given: Omit<Surroundings, 'spec'> & { readonly spec?: object }): Promise<SecretsClient> =>
      vaultModule.open(
        sessionContext({
          accountToken: (account, audiences) => vault.accountToken(account, audiences),
          ...given,
          secrets: { 'root/token': vault.rootToken, ...given.secrets },
          spec: {
            server: vault.address,
            path: 'apps',
            auth: { tokenSecretRef: { name: 'root', key: 'token' } },
            ...given.spec,
          },
        }),
      );

    async function failure(client: SecretsClient, ref: RemoteRef): Promise<ProviderError> {
      try {
        const [outcome] = await client.read([ref], signal);
        if (outcome?.ok === false) return outcome.error;
      } catch (error) {
        if (error instanceof ProviderError) return error;
        throw error;
      }
      throw new Error(`reading ${ref.key} was to fail`);
    }

    async function text(client: SecretsClient, ref: RemoteRef): Promise<string> {
      const [outcome] = await client.read([ref], signal);
      if (outcome?.ok !== true) throw outcome?.error ?? new Error('no outcome');
      return vaultModule.values.select(outcome.value, ref).revealText();
    }

    const kubernetes = (role: string, account: string, audiences?: readonly string[]): object => ({
      auth: { kubernetes: { role, serviceAccountRef: { name: account, ...(audiences ? { audiences } : {}) } } },
    });

    describe('logging in', () => {
      const methods: readonly (readonly [string, object, Readonly<Record<string, string>>?])[] = [
        ['kubernetes, account of the tenant (J08)', kubernetes('shop', 'shop-vault')],
        ['kubernetes, role of 24 h without audience (D77)', kubernetes('s0', 'shop-vault')],
        ['kubernetes, role with audience', kubernetes('aud', 'shop-vault', ['vault'])],
        [
          'userpass',
          { auth: { userPass: { username: ' ann ', secretRef: { name: 'ann', key: 'password' } } } },
          { 'ann/password': 'pw' },
        ],
        [
          'jwt, requested token',
          {
            auth: {
              jwt: { role: 'shop', kubernetesServiceAccountToken: { serviceAccountRef: { name: 'shop-vault' } } },
            },
          },
        ],
      ];
      for (const [method, spec, secrets] of methods) {
        it(`${method}: proves itself by a login, reads, leaves no token`, async () => {
          const left = await vault.leftTokens();
          const calls: string[] = [];
          const client = await open({ spec, ...(secrets ? { secrets } : {}), observe: (call) => calls.push(call) });
          assert.equal(await client.validate(signal), 'Ready');
          assert.deepEqual(calls, ['Login']);
          assert.equal(await text(client, { key: 'shop/db', property: 'user' }), 'u1');
          assert.deepEqual(calls, ['Login', 'ReadSecretData']);
          await client.close();
          assert.deepEqual(calls, ['Login', 'ReadSecretData', 'RevokeSelf']);
          assert.equal(await vault.leftTokens(), left);
        });
      }

      it('AppRole, with roleId trimmed or from a Secret', async () => {
        const ids = await appRole(vault, 'shop');
        const secrets = { 'role/id': ids.roleId, 'role/secret': ids.secretId };
        const secretRef = { name: 'role', key: 'secret' };
        for (const role of [{ roleId: ` ${ids.roleId}\n` }, { roleRef: { name: 'role', key: 'id' } }]) {
          const client = await open({ secrets, spec: { auth: { appRole: { ...role, secretRef } } } });
          assert.equal(await text(client, { key: 'shop/db', property: 'user' }), 'u1');
          await client.close();
        }
      });

      it('with a batch token: nothing to revoke, and no complaint', async () => {
        const ids = await appRole(vault, 'batch');
        const calls: string[] = [];
        const spec = { auth: { appRole: { roleId: ids.roleId, secretRef: { name: 'role', key: 'secret' } } } };
        const client = await open({
          spec,
          secrets: { 'role/secret': ids.secretId },
          observe: (call) => calls.push(call),
        });
        assert.equal(await client.validate(signal), 'Ready');
        await client.close();
        assert.deepEqual(calls, ['Login']);
      });

      it('with the operator’s own token, for a ClusterSecretStore only (J09, D71)', async () => {
        const spec = { auth: { kubernetes: { role: 'shop' } } };
        const operatorToken = await vault.accountToken('shop-vault', []);
        const client = await open({ kind: 'ClusterSecretStore', spec, operatorToken });
        assert.equal(await client.validate(signal), 'Ready');
        await client.close();
        await assert.rejects(
          open({ spec, operatorToken }),
          /auth\.kubernetes: a SecretStore does not send the operator’s own token/,
        );
      });

      it('with a token of a Secret for Kubernetes auth', async () => {
        const token = await vault.accountToken('shop-vault', []);
        const spec = { auth: { kubernetes: { role: 'shop', secretRef: { name: 'account' } } } };
        const client = await open({ spec, secrets: { 'account/token': token } });
        assert.equal(await client.validate(signal), 'Ready');
        await client.close();
      });

      it('LDAP, where this Vault has it', async () => {
        if (!vault.hasLdap) return;
        const spec = { auth: { ldap: { username: 'ann', secretRef: { name: 'ann', key: 'password' } } } };
        const client = await open({ spec, secrets: { 'ann/password': 'pw' } });
        assert.equal(await text(client, { key: 'shop/db', property: 'user' }), 'u1');
        await client.close();
      });
    });

    describe('a refused login names status, Vault’s words, role and mount', () => {
      const refusals: readonly (readonly [string, object, RegExp])[] = [
        [
          'wrong account',
          kubernetes('shop', 'foreign'),
          /refused the kubernetes login as role "shop" at auth\/kubernetes with service account "shop\/foreign": 403 service account name not authorized/,
        ],
        [
          'wrong audience',
          kubernetes('aud', 'shop-vault'),
          /role "aud" at auth\/kubernetes.*: 403 invalid audience \(aud\) claim/,
        ],
        ['no such role', kubernetes('none', 'shop-vault'), /400 invalid role name "none"/],
        [
          'no such mount',
          { auth: { kubernetes: { mountPath: 'nomount', role: 'shop', serviceAccountRef: { name: 'shop-vault' } } } },
          /at auth\/nomount.*: 403 permission denied/,
        ],
        [
          'wrong password',
          { auth: { userPass: { username: 'ann', secretRef: { name: 'ann', key: 'password' } } } },
          /userpass login as "ann" at auth\/userpass: 400 invalid username or password/,
        ],
        [
          'wrong SecretID',
          { auth: { appRole: { roleId: 'x', secretRef: { name: 'ann', key: 'password' } } } },
          /AppRole login at auth\/approle: 400 invalid role or secret ID/,
        ],
        [
          'JWT of another subject',
          {
            auth: { jwt: { role: 'shop', kubernetesServiceAccountToken: { serviceAccountRef: { name: 'foreign' } } } },
          },
          /JWT login as role "shop" at auth\/jwt: 400 error validating token: invalid subject/,
        ],
        [
          'a dead token',
          { auth: { tokenSecretRef: { name: 'ann', key: 'password' } } },
          /refused the token of auth\.tokenSecretRef: 403 permission denied; invalid token/,
        ],
      ];
      for (const [what, spec, words] of refusals) {
        it(what, async () => {
          const client = await open({ spec, secrets: { 'ann/password': 'wrong-s3cret' } });
          for (let attempt = 0; attempt < 2; attempt++) {
            await assert.rejects(client.validate(signal), (error: unknown) => {
              assert.ok(error instanceof ProviderError);
              assert.match(error.message, words);
              assert.doesNotMatch(error.message, /s3cret|eyJ|hvs\./);
              return true;
            });
          }
          await client.close();
        });
      }

      it('a method this build lacks, and none at all', async () => {
        await assert.rejects(
          open({ spec: { auth: { iam: { vaultRole: 'r' } } } }),
          /vault auth method iam is not available in this build/,
        );
        await assert.rejects(open({ spec: { auth: {} } }), InvalidProviderConfigError);
      });
    });

    describe('a policy that allows two paths only', () => {
      it('suffices for reading them (J08)', async () => {
        const client = await open({ spec: kubernetes('shop', 'shop-vault') });
        const outcomes = await client.read([{ key: 'shop/db' }, { key: 'shop/api' }], signal);
        assert.deepEqual(
          outcomes.map(({ ok }) => ok),
          [true, true],
        );
        await client.close();
      });

      it('refuses others with the path that was asked for, checking the token once', async () => {
        const calls: string[] = [];
        const client = await open({ spec: kubernetes('shop', 'shop-vault'), observe: (call) => calls.push(call) });
        for (const key of ['shop/other', 'shop/more', 'data/shop/db']) {
          const error = await failure(client, { key });
          assert.ok(error instanceof PermissionDeniedError, String(error));
          assert.ok(
            error.message.startsWith(
              `Vault: GET apps/data/${key}: 403 permission denied; the role's policy needs "read"`,
            ),
            error.message,
          );
          assert.match(error.message, /version/);
        }
        const error = await failure(client, { key: 'data/shop/db' });
        assert.match(error.message, /begins with "data\/", which was taken as a folder/);
        assert.deepEqual(
          calls.filter((call) => call !== 'ReadSecretData'),
          ['Login', 'LookupSelf'],
        );
        await client.close();
      });

      it('a token that was revoked is replaced within the same read', async () => {
        const calls: string[] = [];
        const client = await open({ spec: kubernetes('shop', 'shop-vault'), observe: (call) => calls.push(call) });
        assert.equal(await text(client, { key: 'shop/db', property: 'user' }), 'u1');
        await revokeAll(vault);
        calls.length = 0;
        assert.equal(await text(client, { key: 'shop/db', property: 'user' }), 'u1');
        assert.deepEqual(calls, ['ReadSecretData', 'LookupSelf', 'Login', 'ReadSecretData']);
        await client.close();
      });

      it('and no default policy: tokens cannot look themselves up or be revoked, and reading works all the same', async () => {
        const ids = await appRole(vault, 'bare');
        const calls: string[] = [];
        const spec = { auth: { appRole: { roleId: ids.roleId, secretRef: { name: 'role', key: 'secret' } } } };
        const client = await open({
          spec,
          secrets: { 'role/secret': ids.secretId },
          observe: (call, status) => calls.push(`${call} ${status}`),
        });
        assert.equal(await client.validate(signal), 'Ready');
        assert.equal(await text(client, { key: 'shop/db', property: 'user' }), 'u1');
        assert.ok((await failure(client, { key: 'shop/none' })) instanceof PermissionDeniedError);
        calls.length = 0;
        assert.ok((await failure(client, { key: 'shop/none' })) instanceof PermissionDeniedError);
        assert.deepEqual(calls, ['ReadSecretData error'], 'the second denial of a path needs no check');
        await client.close();
      });
    });

    describe('reading', () => {
      it('all ways to write a key lead to the same secret (Q04)', async () => {
        const client = await open({});
        for (const key of ['shop/db', '/shop/db', 'apps/shop/db', 'apps/data/shop/db'])
          assert.equal(await text(client, { key, property: 'user' }), 'u1', key);
        const bare = await open({ spec: { path: undefined } });
        for (const key of ['apps/shop/db', 'apps/data/shop/db', '/apps/shop/db'])
          assert.equal(await text(bare, { key, property: 'user' }), 'u1', key);
        await Promise.all([client.close(), bare.close()]);
      });

      it('a folder called data, a mount with a slash, names with odd letters', async () => {
        const client = await open({});
        assert.equal(await text(client, { key: 'data/x', property: 'v' }), 'folder');
        assert.equal(await text(client, { key: 'odd/a b+ü@%', property: 'v' }), 'odd');
        const nested = await open({ spec: { path: 'team/kv' } });
        assert.equal(await text(nested, { key: 'x', property: 'v' }), 'nested');
        await Promise.all([client.close(), nested.close()]);
      });

      it('values come with their types as text (J12)', async () => {
        const client = await open({});
        const ref = { key: 'shop/db' };
        const expected = {
          user: 'u1',
          pass: 'p&<>"é',
          port: '6432',
          tls: 'true',
          opts: '{"a":1}',
          'opts.a': '1',
          none: '',
        };
        for (const [property, value] of Object.entries(expected))
          assert.equal(await text(client, { ...ref, property }), value);
        assert.equal(
          await text(client, ref),
          '{"none":null,"opts":{"a":1},"pass":"p\\u0026\\u003c\\u003e\\"é","port":6432,"tls":true,"user":"u1"}',
        );
        await client.close();
      });

      it('v1 keeps the digits of large numbers', async () => {
        const client = await open({ spec: { path: 'old', version: 'v1' } });
        assert.equal(await text(client, { key: 'shop/db', property: 'user' }), 'u1');
        assert.equal(await text(client, { key: 'old/shop/db', property: 'port' }), '6432');
        await client.close();
      });

      it('versions: an old one, a missing one, one that is no number', async () => {
        const client = await open({});
        assert.equal(await text(client, { key: 'versions', property: 'v', version: '1' }), 'one');
        assert.equal(await text(client, { key: 'versions', property: 'v' }), 'three');
        const missing = await failure(client, { key: 'versions', version: '9' });
        assert.ok(missing instanceof SecretNotFoundError);
        assert.match(missing.message, /no version 9 of a secret at apps\/data\/versions/);
        const wrong = await failure(client, { key: 'versions', version: 'AWSCURRENT' });
        assert.equal(wrong.name, 'InvalidRefError');
        assert.match(wrong.message, /400 Field validation failed/);
        await client.close();
      });

      it('deleted and destroyed versions are "not found", and say which', async () => {
        const client = await open({});
        for (const [ref, words] of [
          [{ key: 'versions', version: '2' }, /version 2 of the secret at apps\/data\/versions is destroyed/],
          [{ key: 'deleted' }, /the latest version of the secret at apps\/data\/deleted is deleted/],
          [{ key: 'nothing' }, /Vault has no secret at apps\/data\/nothing \(404\)/],
        ] as const) {
          const error = await failure(client, ref);
          assert.ok(error instanceof SecretNotFoundError, String(error));
          assert.match(error.message, words);
        }
        await client.close();
      });

      it('what is not there for another reason is never "not found": no mount, v1 on a v2 mount', async () => {
        const lost = await open({ spec: { path: 'nomount' } });
        const noMount = await failure(lost, { key: 'x' });
        assert.ok(noMount instanceof InvalidProviderConfigError, String(noMount));
        assert.match(noMount.message, /404 no handler for route "nomount\/data\/x"/);
        const v1 = await open({ spec: { version: 'v1' } });
        const wrong = await failure(v1, { key: 'shop/db' });
        assert.ok(wrong instanceof InvalidProviderConfigError, String(wrong));
        assert.match(wrong.message, /GET apps\/shop\/db: 404: the mount is KV version 2.*set "version: v2"/);
        await Promise.all([lost.close(), v1.close()]);
      });

      it('v2 on a v1 mount: not found, with the path and the hint (Q06)', async () => {
        const client = await open({ spec: { path: 'old' } });
        const error = await failure(client, { key: 'shop/db' });
        assert.ok(error instanceof SecretNotFoundError);
        assert.match(error.message, /no secret at old\/data\/shop\/db.*store says version v2.*set "version: v1"/);
        await client.close();
      });

      it('metadata: texts of the system and one’s own; not on v1', async () => {
        const client = await open({});
        const ref = { key: 'apps/data/tagged/a', metadataPolicy: 'Fetch' } as const;
        assert.equal(await text(client, { ...ref, property: 'owner' }), 'team-a');
        assert.equal(await text(client, { ...ref, property: 'current_version' }), '1');
        assert.equal(await text(client, { ...ref, property: 'delete_version_after' }), '0s');
        const old = await open({ spec: { path: 'old', version: 'v1' } });
        assert.match((await failure(old, { key: 'shop/db', metadataPolicy: 'Fetch' })).message, /needs version v2/);
        await Promise.all([client.close(), old.close()]);
      });
    });

    describe('searching', () => {
      const keys = async (client: SecretsClient, query: object): Promise<string[]> =>
        [...(await client.find!(query, signal)).keys()].sort();

      it('by name, anywhere in the path below the mount', async () => {
        const client = await open({});
        assert.deepEqual(await keys(client, { nameRegexp: 'db$' }), ['deep/er/db', 'shop/db']);
        assert.deepEqual(await keys(client, { path: 'deep/', nameRegexp: 'db$' }), ['deep/er/db']);
        assert.deepEqual(await keys(client, { path: 'deep', nameRegexp: '^(?i)DEEP/' }), ['deep/er/db', 'deep/x']);
        assert.deepEqual(await keys(client, { nameRegexp: 'no such name' }), []);
        const found = await client.find!({ nameRegexp: '^deep/x$' }, signal);
        assert.equal(found.get('deep/x')?.revealText(), '{"v":"x"}');
        await client.close();
      });

      it('by tags, all of which must match', async () => {
        const client = await open({});
        assert.deepEqual(await keys(client, { tags: { owner: 'team-a' } }), ['tagged/a', 'tagged/b']);
        assert.deepEqual(await keys(client, { tags: { owner: 'team-a', env: 'prod' } }), ['tagged/b']);
        assert.deepEqual(await keys(client, { tags: { owner: 'nobody' } }), []);
        await client.close();
      });

      it('leaves out what is deleted, and finds folders on v1', async () => {
        const client = await open({});
        assert.ok(!(await keys(client, {})).includes('deleted'));
        const old = await open({ spec: { path: 'old', version: 'v1' } });
        assert.deepEqual(await keys(old, { path: 'shop' }), ['shop/db']);
        await assert.rejects(old.find!({ tags: { a: 'b' } }, signal), /needs version v2/);
        await Promise.all([client.close(), old.close()]);
      });

      it('fails on a missing folder, a bad expression and a denied list', async () => {
        const client = await open({});
        await assert.rejects(keys(client, { path: 'nowhere' }), SecretNotFoundError);
        await assert.rejects(keys(client, { nameRegexp: '(' }), /regular expression/);
        const poor = await open({ spec: kubernetes('shop', 'shop-vault') });
        await assert.rejects(keys(poor, { path: 'shop', nameRegexp: 'db' }), (error: unknown) => {
          assert.ok(error instanceof PermissionDeniedError);
          assert.match(
            error.message,
            /LIST apps\/metadata\/shop: 403 permission denied; the role's policy needs "list"/,
          );
          return true;
        });
        await Promise.all([client.close(), poor.close()]);
      });
    });

    it('a store whose credentials depend on the consumer cannot be proved by itself', async () => {
      const client = await open({ kind: 'ClusterSecretStore', namespace: '' });
      assert.equal(await client.validate(signal), 'Unknown');
      await client.close();
    });

    it('addresses closed to tenants stay closed', async () => {
      const client = await open({ allowTargets: [] });
      await assert.rejects(client.validate(signal), /refused: loopback addresses.*--allow-targets/);
      await client.close();
    });
  });
}

async function furnish(vault: JourneyBackend): Promise<void> {
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

async function appRole(vault: JourneyBackend, role: string): Promise<{ roleId: string; secretId: string }> {
  const id = (await vault.api('GET', `auth/approle/role/${role}/role-id`)) as { data: { role_id: string } };
  const secret = (await vault.api('POST', `auth/approle/role/${role}/secret-id`, {})) as {
    data: { secret_id: string };
  };
  return { roleId: id.data.role_id, secretId: secret.data.secret_id };
}

/** Revokes every token that a login has left, by accessor. */
async function revokeAll(vault: JourneyBackend): Promise<void> {
  const { data } = (await vault.api('LIST', 'auth/token/accessors')) as { data: { keys: string[] } };
  for (const accessor of data.keys) {
    const found = (await vault.api('POST', 'auth/token/lookup-accessor', { accessor })) as {
      data: { policies: string[] };
    };
    if (!found.data.policies.includes('root')) await vault.api('POST', 'auth/token/revoke-accessor', { accessor });
  }
}
