import assert from 'node:assert/strict';
import { test } from 'node:test';
import { groupsOf } from './groups.ts';
import { printOverview } from './print-overview.ts';
import { fail, ok } from './step.ts';
import type { Survey } from './survey.ts';

const NOW = Date.parse('2030-01-01T12:00:00Z');
const LONG_AGO = '2029-12-31T12:00:00Z';
const JUST_NOW = '2030-01-01T11:59:55Z';

type Ready = readonly [status: string, message: string] | undefined;

function object(
  namespace: string | undefined,
  name: string,
  spec: object,
  ready: Ready,
  refreshTime?: string,
  made = LONG_AGO,
) {
  const conditions = ready === undefined ? [] : [{ type: 'Ready', status: ready[0], reason: 'Why', message: ready[1] }];
  return {
    metadata: { namespace, name, uid: name, resourceVersion: '1', creationTimestamp: made },
    spec,
    status: { conditions, ...(refreshTime === undefined ? {} : { refreshTime }) },
  };
}

const OK: Ready = ['True', 'fine'];
const user = (name: string, store: string, ready: Ready, refreshTime?: string, made?: string) =>
  object(
    'shop',
    name,
    { secretStoreRef: { name: store, kind: 'SecretStore' }, refreshInterval: '1h', target: {} },
    ready,
    refreshTime,
    made,
  );
const store = (name: string, ready: Ready, more: object = {}) =>
  object('shop', name, { provider: { fake: {} }, ...more }, ready);

function grouped(survey: Partial<Record<keyof Survey, unknown>>) {
  const nothing = {
    externalSecrets: [],
    pushSecrets: [],
    secretStores: [],
    clusterSecretStores: [],
    fanOuts: new Map(),
    denied: new Set(),
  };
  return groupsOf({ ...nothing, ...survey } as Survey, 'default', NOW);
}

const waits: Ready = ['False', 'store is not ready'];

test('what waits for a store that is not ready, or not there, is one group', () => {
  const many = Array.from({ length: 300 }, (_, index) => user(`es-${index}`, 'sm', waits));
  const push = object(
    'shop',
    'p',
    { secretStoreRefs: [{ kind: 'SecretStore', name: 'sm' }], refreshInterval: '1h' },
    waits,
  );
  const { groups, looked } = grouped({
    externalSecrets: [user('lost', 'nobody', waits), ...many],
    pushSecrets: [push],
    secretStores: [store('sm', ['False', 'no token']), store('fine', OK)],
  });
  assert.deepEqual(
    groups.map(({ cause, isObject, objects }) => [cause, isObject, objects.length]),
    [
      ['SecretStore shop/sm is not ready: Why: no token', true, 301],
      ['SecretStore shop/nobody does not exist', false, 1],
    ],
  );
  assert.equal(looked, 304);
});

test('what fails for reasons of its own is grouped by them, the largest group first', () => {
  const { groups } = grouped({
    externalSecrets: [
      user('a', 'sm', ['False', 'x']),
      user('b', 'sm', ['False', 'y']),
      user('c', 'sm', ['False', 'y']),
    ],
    secretStores: [store('sm', OK)],
    fanOuts: new Map([
      ['ClusterExternalSecret', [object(undefined, 'all', {}, ['False', 'one or more namespaces failed'])]],
    ]),
  });
  assert.deepEqual(groups, [
    { cause: 'Why: y', isObject: false, objects: ['ExternalSecret shop/b', 'ExternalSecret shop/c'] },
    { cause: 'Why: x', isObject: false, objects: ['ExternalSecret shop/a'] },
    { cause: 'Why: one or more namespaces failed', isObject: false, objects: ['ClusterExternalSecret all'] },
  ]);
});

test('what is overdue, or was never looked at, is told; what is new is not', () => {
  const push = object('shop', 'p', { secretStoreRefs: [], refreshInterval: '1h' }, OK, LONG_AGO);
  const { groups } = grouped({
    externalSecrets: [
      user('late', 'sm', OK, LONG_AGO),
      user('fine', 'sm', OK, JUST_NOW),
      user('new', 'sm', undefined, undefined, JUST_NOW),
      user('old', 'sm', undefined),
    ],
    pushSecrets: [push],
    secretStores: [store('sm', OK)],
  });
  assert.deepEqual(
    groups.map(({ cause, objects }) => [cause, ...objects]),
    [
      [
        'overdue for their refresh by more than a tenth of their interval',
        'ExternalSecret shop/late',
        'PushSecret shop/p',
      ],
      ['no operator has looked at it', 'ExternalSecret shop/old'],
    ],
  );
});

test('what another operator serves is left alone, and a store that may not be listed is not called missing', () => {
  const { groups } = grouped({
    externalSecrets: [user('theirs', 'other', undefined)],
    secretStores: [store('other', undefined, { controller: 'mine' })],
  });
  assert.deepEqual(groups, []);
  const unseen = grouped({ externalSecrets: [user('a', 'sm', waits)], denied: new Set(['SecretStore']) });
  assert.deepEqual(
    unseen.groups.map(({ cause }) => cause),
    ['Why: store is not ready'],
  );
});

test('a group is one line with a count and a few names', () => {
  const objects = Array.from({ length: 300 }, (_, index) => `ExternalSecret shop/es-${index}`);
  const groups = [
    { cause: 'SecretStore shop/sm is not ready: no\ntoken', isObject: true, objects },
    { cause: 'x', isObject: false, objects: objects.slice(0, 2) },
  ];
  const shown = printOverview(ok('operator', 'runs'), { groups, looked: 999 }, new Set(['PushSecret']), false);
  assert.equal(shown.code, 1);
  assert.deepEqual(shown.output.split('\n'), [
    'ok   operator: runs',
    'FAIL SecretStore shop/sm is not ready: no token',
    '    300 wait for it: ExternalSecret shop/es-0, ExternalSecret shop/es-1, ExternalSecret shop/es-2, ExternalSecret shop/es-3, ExternalSecret shop/es-4 and 295 more',
    'FAIL 2 objects: x',
    '    ExternalSecret shop/es-0, ExternalSecret shop/es-1',
    '?    PushSecret: your kubeconfig may not list them; a namespace is chosen with -n',
    '',
    '303 of 999 objects are not in order. About one: external-secrets doctor [--kind kind] namespace/name',
    '',
  ]);
});

test('all is well only with an operator that is not known to be down', () => {
  const well = printOverview(ok('operator', 'runs'), { groups: [], looked: 3 }, new Set(), true);
  assert.deepEqual(well, { output: '✓ operator: runs\n\n3 objects looked at, all in order.\n', code: 0 });
  const blind = printOverview(ok('operator', 'runs'), { groups: [], looked: 0 }, new Set(['A', 'B']), true);
  assert.match(blind.output, /\n\nNo object to look at, but 2 kinds could not be listed\.\n$/);
  assert.equal(printOverview(fail('operator', 'down', 'see'), { groups: [], looked: 3 }, new Set(), true).code, 1);
});
