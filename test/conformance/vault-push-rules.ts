/**
 * What only Vault asks of a push: one secret however its key is written (Q04), check-and-set, custom metadata, deleted
 * versions, and denials that say what is missing.
 */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { InvalidRefError, PermissionDeniedError } from '../../src/providers/errors.ts';
import type { Push, PushOutcome, SecretsClient } from '../../src/providers/provider.ts';
import { pushOf } from './push.ts';
import { pushPolicy, rule, type VaultMount } from './vault-push.ts';

const CANARY = 'canary-7f3a9c';
const { signal } = new AbortController();

export interface VaultWorld {
  mount(version: 'v1' | 'v2', casRequired?: boolean): Promise<VaultMount>;
  close(): Promise<void>;
}

async function using<T>(open: Promise<SecretsClient>, use: (client: SecretsClient) => Promise<T>): Promise<T> {
  const client = await open;
  try {
    return await use(client);
  } finally {
    await client.close();
  }
}

export function vaultPushRules(name: string, makeWorld: () => Promise<VaultWorld>): void {
  describe(`${name}: what only Vault asks of a push`, () => {
    let world: VaultWorld;
    let v1: VaultMount;
    let v2: VaultMount;
    let strict: VaultMount;
    let number = 0;
    const newKey = (): string => `rules/key-${number++}`;
    before(async () => {
      world = await makeWorld();
      [v1, v2, strict] = [await world.mount('v1'), await world.mount('v2'), await world.mount('v2', true)];
    });
    after(() => world.close());

    const push = (kv: VaultMount, wanted: Push, policy?: string): Promise<PushOutcome> =>
      using(kv.open(policy), (client) => client.push!(wanted, signal));
    const remove = (kv: VaultMount, wanted: Push, policy?: string): Promise<void> =>
      using(kv.open(policy), (client) => client.remove!(wanted, signal));
    const whole = [[undefined, undefined]] as const;

    test('a key is one secret with and without the mount and "data": pushed, seen and removed, data and metadata (Q04)', async () => {
      for (const kv of [v1, v2]) {
        const key = newKey();
        const spellings = [key, `${kv.mount}/${key}`, ...(kv === v2 ? [`${kv.mount}/data/${key}`] : [])];
        for (const [index, spelling] of spellings.entries())
          await push(kv, pushOf(spelling, { a: `v${index}` }, [['a', `p${index}`]]));
        const { custom_metadata: _mark, ...data } = (await kv.data(key)) ?? {};
        assert.deepEqual(data, Object.fromEntries(spellings.map((_each, index) => [`p${index}`, `v${index}`])));
        for (const spelling of spellings)
          assert.equal(await using(kv.open(), (client) => client.exists!(spelling, 'p0', signal)), true);
        await remove(kv, pushOf(spellings.at(-1)!, {}, whole));
        assert.equal(await kv.data(key), undefined);
        if (kv === v2) assert.equal(await kv.metadata(key), undefined);
      }
    });

    test('keys that climb, or name no secret, are refused before anything is asked', async () => {
      for (const key of ['a/../b', './a', 'a//b', 'a%2fb', ''])
        await assert.rejects(push(v2, pushOf(key, { a: '1' }, [['a', 'a']])), InvalidRefError, key);
    });

    test('a mount that insists on check-and-set is written, changed and cleaned up', async () => {
      const key = newKey();
      const entries = [
        ['a', 'a'],
        ['b', 'b'],
      ] as const;
      assert.equal(await push(strict, pushOf(key, { a: '1', b: '2' }, entries)), 'created');
      assert.equal(await push(strict, pushOf(key, { a: '3', b: '2' }, entries)), 'updated');
      assert.equal(await push(strict, pushOf(key, { a: '3', b: '2' }, entries)), 'unchanged');
      await remove(strict, pushOf(key, {}, [['a', 'a']]));
      assert.deepEqual(await strict.data(key), { b: '2' });
      assert.equal((await strict.metadata(key))?.['current_version'], 3);
      await remove(strict, pushOf(key, {}, [['b', 'b']]));
      assert.equal(await strict.metadata(key), undefined);
    });

    test('the mark joins the custom metadata that is there, and settings of the secret stay', async () => {
      const key = newKey();
      const settings = { max_versions: 3, delete_version_after: '720h0m0s', custom_metadata: { team: 'shop' } };
      await v2.vault.api('POST', `${v2.mount}/metadata/${key}`, settings);
      assert.equal(await push(v2, pushOf(key, { a: '1' }, [['a', 'a']])), 'created');
      const { max_versions, delete_version_after, custom_metadata } = (await v2.metadata(key)) ?? {};
      assert.deepEqual(custom_metadata, { team: 'shop', 'managed-by': 'external-secrets' });
      assert.deepEqual([max_versions, delete_version_after], [3, '720h0m0s']);
    });

    test('a secret is handed over by its mark', async () => {
      const key = newKey();
      await v2.vault.put(v2.mount, key, { old: 'x' });
      const wanted = pushOf(key, { a: '1' }, [['a', 'a']]);
      await assert.rejects(push(v2, wanted), /not managed by external-secrets: its custom metadata has no managed-by/);
      const custom_metadata = { 'managed-by': 'external-secrets' };
      await v2.vault.api('POST', `${v2.mount}/metadata/${key}`, { custom_metadata });
      assert.equal(await push(v2, wanted), 'updated');
      assert.deepEqual(await v2.data(key), { old: 'x', a: '1' });
    });

    for (const [what, gone] of [
      ['deleted', (key: string) => ['DELETE', `${v2.mount}/data/${key}`, undefined]],
      ['destroyed', (key: string) => ['PUT', `${v2.mount}/destroy/${key}`, { versions: [1] }]],
    ] as const) {
      test(`a ${what} version of ours is followed by a new one`, async () => {
        const key = newKey();
        const wanted = pushOf(key, { a: '1' }, [['a', 'a']]);
        await push(v2, wanted);
        const [method, path, body] = gone(key);
        await v2.vault.api(method as 'PUT', path as string, body);
        assert.equal(await using(v2.open(), (client) => client.exists!(key, undefined, signal)), false);
        assert.equal(await push(v2, wanted), 'created');
        assert.deepEqual(await v2.data(key), { a: '1' });
        assert.equal((await v2.metadata(key))?.['current_version'], 2);
      });
      test(`what is left of a ${what} secret of ours is removed with it`, async () => {
        const key = newKey();
        await push(v2, pushOf(key, { a: '1' }, [['a', 'a']]));
        const [method, path, body] = gone(key);
        await v2.vault.api(method as 'PUT', path as string, body);
        await remove(v2, pushOf(key, {}, [['a', 'a']]));
        assert.equal(await v2.metadata(key), undefined);
      });
    }

    test('a secret that somebody else has deleted is still theirs', async () => {
      const key = newKey();
      await v2.vault.put(v2.mount, key, { old: 'x' });
      await v2.vault.api('DELETE', `${v2.mount}/data/${key}`);
      await assert.rejects(push(v2, pushOf(key, { a: '1' }, [['a', 'a']])), /not managed by external-secrets/);
      await remove(v2, pushOf(key, {}, whole));
      assert.equal((await v2.metadata(key))?.['current_version'], 1);
    });

    test('on version 1 the mark stands in the secret, is not read as a value, and cannot be pushed', async () => {
      const key = newKey();
      await push(v1, pushOf(key, { a: '1' }, [['a', 'a']]));
      assert.deepEqual(await v1.data(key), { a: '1', custom_metadata: { 'managed-by': 'external-secrets' } });
      const reserved = pushOf(newKey(), { a: '1' }, [['a', 'custom_metadata']]);
      await assert.rejects(push(v1, reserved), /"custom_metadata" cannot be a key/);
    });

    test('a value that is no JSON object needs a property', async () => {
      for (const text of ['plain', '[1]', '"x"', '{"a":'])
        await assert.rejects(push(v2, pushOf(newKey(), { a: text }, [['a', undefined]])), /set remoteRef\.property/);
    });

    test('objects, lists and numbers are compared deeply: pushing them again writes nothing', async () => {
      for (const kv of [v1, v2]) {
        const key = newKey();
        const json = '{"n":12345678901234567890,"f":1.50,"e":1e5,"o":{"l":[{"x":null},[],"<&>"]},"t":true}';
        const wanted = pushOf(key, { a: json }, [['a', undefined]]);
        assert.equal(await push(kv, wanted), 'created');
        assert.equal(await push(kv, wanted), 'unchanged', kv.version);
      }
    });

    const denied: readonly (readonly [title: string, policy: (mount: string) => string, missing: RegExp])[] = [
      ['reading', () => rule('elsewhere/*', 'read'), /needs "read" on \S+\/data\//],
      [
        'the metadata',
        (mount) => rule(`${mount}/data/*`, 'create', 'read', 'update'),
        /needs "read" on \S+\/metadata\//,
      ],
      [
        'the mark',
        (mount) =>
          [rule(`${mount}/data/*`, 'create', 'read', 'update'), rule(`${mount}/metadata/*`, 'read')].join('\n'),
        /needs "create" and "update" on \S+\/metadata\//,
      ],
      [
        'the data',
        (mount) =>
          [rule(`${mount}/data/*`, 'read'), rule(`${mount}/metadata/*`, 'create', 'read', 'update')].join('\n'),
        /needs "create" and "update" on \S+\/data\//,
      ],
    ];
    for (const [title, policy, missing] of denied)
      test(`a policy without ${title} is told by path and capability, and shows no value`, async () => {
        const key = newKey();
        await assert.rejects(push(v2, pushOf(key, { a: CANARY }, [['a', 'a']]), policy(v2.mount)), (error: unknown) => {
          assert.ok(error instanceof PermissionDeniedError, String(error));
          assert.match(error.message, missing);
          assert.ok(error.message.includes(key) && error.message.includes('403'), error.message);
          assert.doesNotMatch(error.message, new RegExp(CANARY));
          return true;
        });
        assert.equal(await v2.data(key), undefined);
      });

    test('a policy without deletion is told, and the secret stays', async () => {
      const key = newKey();
      await push(v2, pushOf(key, { a: '1' }, [['a', 'a']]));
      const policy = pushPolicy(v2.mount, 'v2').replaceAll(',"delete"', '');
      await assert.rejects(remove(v2, pushOf(key, {}, whole), policy), /403.*needs "delete" on \S+\/data\//);
      assert.deepEqual(await v2.data(key), { a: '1' });
    });

    test('a store that says the wrong KV version is told, and writes nothing (Q06)', async () => {
      const everything = rule(`${v2.mount}/*`, 'create', 'read', 'update', 'delete');
      const key = newKey();
      const wanted = pushOf(key, { a: CANARY }, [['a', 'a']]);
      for (const [kv, as] of [
        [v2, 'v1'],
        [v1, 'v2'],
      ] as const) {
        const pushed = using(kv.open(everything.replace(v2.mount, kv.mount), as), (client) =>
          client.push!(wanted, signal),
        );
        await assert.rejects(pushed, new RegExp(`version: ${kv.version}|KV ${kv.version}`));
        for (const place of [key, `data/${key}`, `metadata/${key}`])
          assert.equal(await kv.data(place), undefined, place);
      }
    });
  });
}
