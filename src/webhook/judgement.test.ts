import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { RE2JS } from 're2js';
import { providers } from '../providers/registry.ts';
import { judge, type Rules } from './judgement.ts';
import type { ReviewRequest, Verdict } from './review.ts';

const rules: Rules = {
  providers,
  compile: (pattern) => RE2JS.compile(pattern),
  unavailableGenerators: ['Grafana'],
};
const entry = { secretKey: 'a', remoteRef: { key: 'a' } };
const good = { secretStoreRef: { name: 's' }, data: [entry] };
const bad = { ...good, refreshInterval: 'soon' };

type Kind = Parameters<typeof judge>[0];

function review(kind: Kind, object: unknown, more: Partial<ReviewRequest> = {}): Verdict {
  const request = {
    uid: '1',
    kind: { group: 'external-secrets.io', version: 'v1', kind },
    name: 'n',
    namespace: 'ns',
    operation: 'CREATE',
    object,
    oldObject: null,
    ...more,
  };
  return judge(kind, request, rules);
}

const es = (spec?: unknown, metadata: object = {}): object => ({ metadata, ...(spec === undefined ? {} : { spec }) });

describe('an ExternalSecret', () => {
  test('that is fine is allowed', () => {
    assert.deepEqual(review('ExternalSecret', es(good)), { allowed: true, code: 200, message: '', warnings: [] });
  });

  test('with several problems is refused with one line each', () => {
    const { allowed, code, message } = review('ExternalSecret', es({ ...bad, data: [entry, entry] }));
    assert.deepEqual([allowed, code, message.split('\n').length], [false, 403, 2]);
  });

  test('without spec is refused', () => {
    assert.equal(review('ExternalSecret', es()).code, 403);
  });

  test('that names a generator of another build is allowed with a warning', () => {
    const generatorRef = { apiVersion: 'generators.external-secrets.io/v1alpha1', kind: 'Grafana', name: 'g' };
    const { allowed, warnings } = review('ExternalSecret', es({ dataFrom: [{ sourceRef: { generatorRef } }] }));
    assert.equal(allowed, true);
    assert.match(warnings.join('\n'), /generator Grafana is not available/);
  });
});

describe('nobody is kept from going on (D11):', () => {
  const cases: readonly [string, object, Partial<ReviewRequest>][] = [
    ['a DELETE', es(bad), { operation: 'DELETE', object: null, oldObject: es(bad) }],
    ['a DELETE of something unreadable', es(bad), { operation: 'DELETE', object: null, oldObject: 7 }],
    [
      'an UPDATE of something else than the spec',
      es(bad, { labels: { a: 'b' } }),
      { operation: 'UPDATE', oldObject: es(bad) },
    ],
    [
      'an UPDATE that sorts the members differently',
      es({ x: 1, ...bad }),
      { operation: 'UPDATE', oldObject: es({ ...bad, x: 1 }) },
    ],
    [
      'an UPDATE of something that is being deleted',
      es(bad, { deletionTimestamp: '2030-01-01T00:00:00Z' }),
      { operation: 'UPDATE', oldObject: es(good) },
    ],
    ['a subresource', es(bad), { subResource: 'status', operation: 'UPDATE' }],
  ];
  for (const [name, object, more] of cases) {
    test(name, () => assert.equal(review('ExternalSecret', object, { object, ...more }).allowed, true));
  }

  test('but an UPDATE of the spec is judged', () => {
    const change = { operation: 'UPDATE', oldObject: es(bad) };
    assert.equal(review('ExternalSecret', es({ ...bad, data: [entry, entry] }), change).allowed, false);
    assert.equal(review('ExternalSecret', es(good), change).allowed, true);
  });
});

describe('what cannot be read', () => {
  const cases: readonly [string, Verdict, RegExp][] = [
    [
      'is said with the field',
      review('ExternalSecret', es({ data: [{ secretKey: 7 }] })),
      /spec\.data\[0\]\.secretKey: .*string/,
    ],
    [
      'is said for all fields',
      review('ExternalSecret', es({ data: 's3cret', target: 's3cret' })),
      /spec\.target.*\n.*spec\.data/s,
    ],
    ['may be no object at all', review('ExternalSecret', null), /object/],
    [
      'may be a provider',
      review('SecretStore', es({ provider: { fake: { data: [{ key: 'a', value: { s3cret: 1 } }] } } })),
      /spec\.provider\.fake\.data\[0\]\.value/,
    ],
    [
      'may be on the wrong path',
      review('SecretStore', es(good), { kind: { group: 'external-secrets.io', version: 'v1', kind: 'PushSecret' } }),
      /not for PushSecret/,
    ],
  ];
  for (const [name, verdict, message] of cases) {
    test(name, () => {
      assert.equal(verdict.code, 400);
      assert.match(verdict.message, message);
      assert.doesNotMatch(verdict.message, /s3cret/);
    });
  }
});

describe('a store', () => {
  const store = (kind: 'SecretStore' | 'ClusterSecretStore', spec: object): Verdict => review(kind, es(spec));
  const caProvider = { type: 'Secret', name: 'ca', key: 'k', namespace: 'elsewhere' };
  const vault = { vault: { server: 'https://v', caProvider, auth: { tokenSecretRef: { name: 't', key: 'k' } } } };

  test('without namespace of its own is judged in that of the request', () => {
    const refused = store('SecretStore', { provider: vault });
    assert.equal(refused.code, 403);
    assert.match(refused.message, /caProvider\.namespace is "elsewhere".*namespace "ns"/s);
    assert.equal(store('ClusterSecretStore', { provider: vault }).allowed, true);
  });

  test('with two providers, or none, is refused and named', () => {
    assert.match(
      store('SecretStore', { provider: { fake: { data: [] }, ...vault } }).message,
      /SecretStore "n" .* has 2/,
    );
    assert.match(store('SecretStore', {}).message, /has none/);
  });

  test('the first problem ends the checks, warnings come all the same', () => {
    const fake = { data: [{ key: '', value: 'v' }] };
    const { message, warnings } = store('SecretStore', { provider: { fake } });
    assert.match(message, /data\[0\]\.key/);
    assert.match(warnings.join(), /not maintained/);
    assert.doesNotMatch(store('SecretStore', { provider: { fake }, refreshInterval: -1 }).message, /data/);
  });
});
