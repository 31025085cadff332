/**
 * Journeys of reading and searching.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { InvalidProviderConfigError, PermissionDeniedError, SecretNotFoundError } from '../errors.ts';
import type { SecretsClient } from '../provider.ts';
import { kubernetes, type JourneyKit } from './journeys-kit.fixture.ts';

export function readJourneys({ open, failure, text, signal }: JourneyKit): void {
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
        assert.match(error.message, /LIST apps\/metadata\/shop: 403 permission denied; the role's policy needs "list"/);
        return true;
      });
      await Promise.all([client.close(), poor.close()]);
    });
  });
}
