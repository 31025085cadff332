import assert from 'node:assert/strict';
import { test } from 'node:test';
import { customResourceDefinition } from './crd.ts';
import { kindDefinitions } from './kinds.ts';
import { GENERATOR_KINDS } from './references.ts';

const crds = new Map(kindDefinitions([]).map((kind) => [kind.resource.kind, customResourceDefinition(kind)]));

function crdOf(kind: string) {
  const crd = crds.get(kind);
  assert.ok(crd, `no CRD of ${kind}`);
  return crd;
}

const names: readonly (readonly [kind: string, plural: string, short: string | undefined, scope: string])[] = [
  ['ExternalSecret', 'externalsecrets', 'es', 'Namespaced'],
  ['ClusterExternalSecret', 'clusterexternalsecrets', 'ces', 'Cluster'],
  ['SecretStore', 'secretstores', 'ss', 'Namespaced'],
  ['ClusterSecretStore', 'clustersecretstores', 'css', 'Cluster'],
  ['PushSecret', 'pushsecrets', 'ps', 'Namespaced'],
  ['ClusterPushSecret', 'clusterpushsecrets', undefined, 'Cluster'],
  ['ClusterGenerator', 'clustergenerators', undefined, 'Cluster'],
  ['GeneratorState', 'generatorstates', 'gs', 'Namespaced'],
  ['ECRAuthorizationToken', 'ecrauthorizationtokens', undefined, 'Namespaced'],
  ['MFA', 'mfas', undefined, 'Namespaced'],
];

for (const [kind, plural, short, scope] of names) {
  test(`${kind} has the names people type`, () => {
    const { spec } = crdOf(kind);
    assert.equal(spec.names.plural, plural);
    assert.equal(spec.names.singular, kind.toLowerCase());
    assert.deepEqual(spec.names.shortNames, short === undefined ? undefined : [short]);
    assert.equal(spec.scope, scope);
  });
}

test('there are 25 kinds, and every kind a generatorRef can name is one of them', () => {
  assert.equal(crds.size, 25);
  for (const kind of GENERATOR_KINDS) {
    assert.deepEqual(crdOf(kind).spec.names.categories, ['external-secrets', 'external-secrets-generators']);
  }
});

for (const kind of ['ExternalSecret', 'ClusterExternalSecret', 'SecretStore', 'ClusterSecretStore']) {
  test(`${kind} is stored as v1 and served as v1beta1 with a warning that names v1`, () => {
    const [v1, v1beta1, ...others] = crdOf(kind).spec.versions;
    assert.deepEqual(others, []);
    assert.deepEqual([v1?.name, v1?.served, v1?.storage, v1?.deprecated], ['v1', true, true, undefined]);
    assert.deepEqual([v1beta1?.name, v1beta1?.served, v1beta1?.storage], ['v1beta1', true, false]);
    const warning = `external-secrets.io/v1beta1 ${kind} is deprecated; use external-secrets.io/v1 ${kind}`;
    assert.equal(v1beta1?.deprecationWarning, warning);
    assert.deepEqual(v1beta1?.schema.openAPIV3Schema.properties, v1?.schema.openAPIV3Schema.properties);
    assert.notDeepEqual(v1beta1?.schema, v1?.schema);
  });
}

const columns: Readonly<Record<string, readonly string[]>> = {
  ExternalSecret: ['StoreType', 'Store', 'Refresh Interval', 'Status', 'Ready', 'Last Sync'],
  ClusterExternalSecret: ['Store', 'Refresh Interval', 'Ready'],
  SecretStore: ['AGE', 'Status', 'Capabilities', 'Ready'],
  ClusterSecretStore: ['AGE', 'Status', 'Capabilities', 'Ready'],
  PushSecret: ['AGE', 'Status', 'Last Sync'],
  ClusterPushSecret: ['AGE', 'Status'],
  GeneratorState: ['GC Deadline', 'Age'],
  Password: [],
};

for (const [kind, expected] of Object.entries(columns)) {
  test(`kubectl get shows the columns of ${kind} in order, in every version`, () => {
    for (const version of crdOf(kind).spec.versions) {
      assert.deepEqual(
        (version.additionalPrinterColumns ?? []).map(({ name }) => name),
        expected,
      );
    }
  });
}

test('only ExternalSecret v1 has selectable fields', () => {
  const found = [...crds].flatMap(([kind, { spec }]) =>
    spec.versions.filter((version) => version.selectableFields).map(({ name }) => `${kind} ${name}`),
  );
  assert.deepEqual(found, ['ExternalSecret v1']);
  assert.deepEqual(crdOf('ExternalSecret').spec.versions[0]?.selectableFields, [
    { jsonPath: '.spec.secretStoreRef.name' },
    { jsonPath: '.spec.secretStoreRef.kind' },
    { jsonPath: '.spec.target.name' },
    { jsonPath: '.spec.refreshInterval' },
  ]);
});

test('every kind has the status subresource, GeneratorState excepted', () => {
  for (const [kind, { spec }] of crds) {
    for (const { subresources } of spec.versions) {
      assert.deepEqual(subresources, kind === 'GeneratorState' ? {} : { status: {} }, kind);
    }
  }
});

test('every CRD has the label by which the installation finds it', () => {
  for (const { metadata } of crds.values()) {
    assert.deepEqual(metadata.labels, { 'external-secrets.io/component': 'controller' });
  }
});
