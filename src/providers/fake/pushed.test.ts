/** What is pushed to a fake store is that store's alone (D79). */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openFake } from '../../../test/conformance/fake.ts';
import { pushOf } from '../../../test/conformance/push.ts';
import type { SecretsClient, StoreIdentity } from '../provider.ts';

const { signal } = new AbortController();
let number = 0;

/** A store of its own name for each test; the uid is that of kind and namespace. */
function opener(): (identity: Partial<StoreIdentity>) => Promise<SecretsClient> {
  const name = `memory-${number++}`;
  return (identity) => openFake([], name, { uid: `${identity.kind}/${identity.namespace}`, ...identity });
}

async function read(client: SecretsClient, key: string): Promise<string | undefined> {
  const [outcome] = await client.read([{ key }], signal);
  return outcome?.ok === true ? outcome.value.revealText() : undefined;
}

const STORES = [
  { kind: 'SecretStore', namespace: 'blue' },
  { kind: 'SecretStore', namespace: 'green' },
  { kind: 'ClusterSecretStore', namespace: '' },
] as const;

test('stores of one name in two namespaces, and a ClusterSecretStore, each remember only what was pushed to them', async () => {
  const open = opener();
  for (const [index, store] of STORES.entries())
    await (
      await open(store)
    ).push!(pushOf('key', { a: `v${index}` }, [['a', undefined]]), signal);
  for (const [index, store] of STORES.entries()) assert.equal(await read(await open(store), 'key'), `v${index}`);
  const [blue, green] = [await open(STORES[0]), await open(STORES[1])];
  await blue.remove!(pushOf('key', {}, [[undefined, undefined]]), signal);
  assert.equal(await read(blue, 'key'), undefined);
  assert.equal(await blue.exists!('key', undefined, signal), false);
  assert.equal(await read(green, 'key'), 'v1');
  assert.deepEqual([...(await blue.find!({ nameRegexp: '.' }, signal)).keys()], []);
});

test('a further session of the same store sees what was pushed', async () => {
  const open = opener();
  await (
    await open(STORES[0])
  ).push!(pushOf('key', { a: 'v' }, [['a', 'p']]), signal);
  assert.equal(await read(await open(STORES[0]), 'key'), '{"p":"v"}');
});

test('a store that is made anew under its name begins empty', async () => {
  const open = opener();
  await (
    await open({ ...STORES[0], uid: 'first' })
  ).push!(pushOf('key', { a: 'v' }, [['a', undefined]]), signal);
  assert.equal(await read(await open({ ...STORES[0], uid: 'second' }), 'key'), undefined);
});

test('what is written into the SecretStore cannot be pushed over', async () => {
  const client = await openFake([{ key: 'fixed', value: 'x' }], 'fixed-store');
  await assert.rejects(
    client.push!(pushOf('fixed', { a: 'v' }, [['a', undefined]]), signal),
    /"fixed": secret not managed by external-secrets: it is written into the SecretStore/,
  );
  assert.equal(await read(client, 'fixed'), 'x');
});
