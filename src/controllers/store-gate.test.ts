import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { SecretStoreSpec } from '../api/secret-store.ts';
import type { Session } from '../providers/pool.ts';
import { StoreGate, type StoreObject, type StoreRef } from './store-gate.ts';

const ready = [{ type: 'Ready', status: 'True', reason: 'Valid' }];

function store(
  kind: StoreRef['kind'],
  spec: Partial<SecretStoreSpec> = {},
  conditions: object[] = ready,
): [string, StoreObject] {
  const namespace = kind === 'SecretStore' ? { namespace: 'shop' } : {};
  const object = {
    metadata: { ...namespace, name: 'sm', uid: 'u1', resourceVersion: '1', generation: 3 },
    spec: { provider: { fake: {} }, ...spec },
    status: { conditions },
  };
  return [`${kind}:${kind === 'SecretStore' ? 'shop/' : ''}sm`, object as unknown as StoreObject];
}

function gate(
  entries: readonly [string, StoreObject][],
  floodGate = true,
): { open: (ref: StoreRef, namespace?: string) => Promise<string> } {
  const stores = new Map(entries);
  const acquired: string[] = [];
  const built = new StoreGate({
    find: (ref, namespace) => stores.get(`${ref.kind}:${ref.kind === 'SecretStore' ? `${namespace}/` : ''}${ref.name}`),
    namespaceLabels: (namespace) => ({
      'kubernetes.io/metadata.name': namespace,
      team: namespace === 'blue' ? 'x' : 'y',
    }),
    acquire: async ({ identity }, namespace) => {
      acquired.push(`${identity.kind} ${identity.namespace}/${identity.name} for ${namespace}`);
      return {} as Session;
    },
    now: () => 0,
    controllerClass: 'default',
    floodGate,
  });
  const open = async (ref: StoreRef, namespace = 'shop'): Promise<string> => {
    await built.open(ref, namespace, new AbortController().signal);
    return acquired.at(-1) ?? '';
  };
  return { open };
}

const named: StoreRef = { kind: 'SecretStore', name: 'sm' };
const cluster: StoreRef = { kind: 'ClusterSecretStore', name: 'sm' };

test('a ready store of the own namespace, or of the cluster, is opened for the consumer', async () => {
  assert.equal(await gate([store('SecretStore')]).open(named), 'SecretStore shop/sm for shop');
  assert.equal(await gate([store('ClusterSecretStore')]).open(cluster, 'blue'), 'ClusterSecretStore /sm for blue');
});

test('a store of another namespace does not exist', async () => {
  await assert.rejects(
    gate([store('SecretStore')]).open(named, 'green'),
    /SecretStore "sm" not found in namespace "green"/,
  );
});

test('the wrong kind gets a hint', async () => {
  await assert.rejects(
    gate([store('ClusterSecretStore')]).open(named),
    /there is a ClusterSecretStore of that name: set secretStoreRef.kind/,
  );
});

test('a reference without a name says which field to set', async () => {
  await assert.rejects(gate([]).open({ kind: 'SecretStore', name: '' }), /set spec\.secretStoreRef/);
});

test('a store of another class is refused', async () => {
  await assert.rejects(gate([store('SecretStore', { controller: 'other' })]).open(named), /controller class "other"/);
});

test('a store that is not ready is refused with its reason, unless the flood gate is off', async () => {
  const broken = [
    store('SecretStore', {}, [{ type: 'Ready', status: 'False', reason: 'InvalidProviderConfig', message: 'no keys' }]),
  ];
  await assert.rejects(gate(broken).open(named), /is not ready \(InvalidProviderConfig: no keys\)/);
  await assert.rejects(gate([store('SecretStore', {}, [])]).open(named), /not validated yet/);
  assert.equal(await gate(broken, false).open(named), 'SecretStore shop/sm for shop');
});

const conditions: readonly [string, SecretStoreSpec['conditions'], boolean][] = [
  ['no condition admits everybody', [], true],
  ['a listed name is admitted', [{ namespaces: ['blue'] }], true],
  ['another name is not', [{ namespaces: ['green'] }], false],
  ['a matching selector admits', [{ namespaceSelector: { matchLabels: { team: 'x' } } }], true],
  ['an empty selector admits', [{ namespaceSelector: {} }], true],
  ['an expression matches anywhere in the name', [{ namespaceRegexes: ['lu'] }], true],
  ['an anchored expression that does not match denies', [{ namespaceRegexes: ['^lu'] }], false],
  ['a broken expression admits nobody', [{ namespaceRegexes: ['('] }], false],
  ['an entry with nothing set matches nothing', [{}], false],
  ['any entry is enough', [{ namespaces: ['green'] }, { namespaces: ['blue'] }], true],
];
for (const [name, given, admitted] of conditions) {
  test(`namespace conditions: ${name}`, async () => {
    const opening = gate([store('ClusterSecretStore', { conditions: given })]).open(cluster, 'blue');
    if (admitted) await opening;
    else await assert.rejects(opening, /may not be used from namespace "blue"/);
  });
}
