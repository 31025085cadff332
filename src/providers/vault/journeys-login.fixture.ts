/**
 * Journeys of logins and of policies.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { InvalidProviderConfigError, PermissionDeniedError, ProviderError } from '../errors.ts';
import { appRole, revokeAll } from './journeys-backend.fixture.ts';
import { kubernetes, type JourneyKit } from './journeys-kit.fixture.ts';

export function loginJourneys({ open, failure, text, vault, signal }: JourneyKit): void {
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
        const left = await vault().leftTokens();
        const calls: string[] = [];
        const client = await open({ spec, ...(secrets ? { secrets } : {}), observe: (call) => calls.push(call) });
        assert.equal(await client.validate(signal), 'Ready');
        assert.deepEqual(calls, ['Login']);
        assert.equal(await text(client, { key: 'shop/db', property: 'user' }), 'u1');
        assert.deepEqual(calls, ['Login', 'ReadSecretData']);
        await client.close();
        assert.deepEqual(calls, ['Login', 'ReadSecretData', 'RevokeSelf']);
        assert.equal(await vault().leftTokens(), left);
      });
    }

    it('AppRole, with roleId trimmed or from a Secret', async () => {
      const ids = await appRole(vault(), 'shop');
      const secrets = { 'role/id': ids.roleId, 'role/secret': ids.secretId };
      const secretRef = { name: 'role', key: 'secret' };
      for (const role of [{ roleId: ` ${ids.roleId}\n` }, { roleRef: { name: 'role', key: 'id' } }]) {
        const client = await open({ secrets, spec: { auth: { appRole: { ...role, secretRef } } } });
        assert.equal(await text(client, { key: 'shop/db', property: 'user' }), 'u1');
        await client.close();
      }
    });

    it('with a batch token: nothing to revoke, and no complaint', async () => {
      const ids = await appRole(vault(), 'batch');
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
      const operatorToken = await vault().accountToken('shop-vault', []);
      const client = await open({ kind: 'ClusterSecretStore', spec, operatorToken });
      assert.equal(await client.validate(signal), 'Ready');
      await client.close();
      await assert.rejects(
        open({ spec, operatorToken }),
        /auth\.kubernetes: a SecretStore does not send the operator’s own token/,
      );
    });

    it('with a token of a Secret for Kubernetes auth', async () => {
      const token = await vault().accountToken('shop-vault', []);
      const spec = { auth: { kubernetes: { role: 'shop', secretRef: { name: 'account' } } } };
      const client = await open({ spec, secrets: { 'account/token': token } });
      assert.equal(await client.validate(signal), 'Ready');
      await client.close();
    });

    it('LDAP, where this Vault has it', async () => {
      if (!vault().hasLdap) return;
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
        open({ spec: { auth: { gcp: { role: 'r' } } } }),
        /vault auth method gcp is not available in this build/,
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
      await revokeAll(vault());
      calls.length = 0;
      assert.equal(await text(client, { key: 'shop/db', property: 'user' }), 'u1');
      assert.deepEqual(calls, ['ReadSecretData', 'LookupSelf', 'Login', 'ReadSecretData']);
      await client.close();
    });

    it('and no default policy: tokens cannot look themselves up or be revoked, and reading works all the same', async () => {
      const ids = await appRole(vault(), 'bare');
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
}
