/** Targets that are no Secrets: `spec.target.manifest` behind its flag. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { configMaps, externalSecrets, namespaces } from '../../src/api/resources.ts';
import type { ManifestObject } from '../../src/controllers/external-secret/manifest/build.ts';
import { NotFoundError } from '../../src/kube/errors.ts';
import type { KubeObject, Resource, Stored } from '../../src/kube/types.ts';
import {
  annotated,
  configMap,
  entry,
  externalSecret,
  extract,
  fake,
  from,
  into,
  labelled,
  secret,
  secretStore,
  type ExternalSecretSpecInput,
} from '../builders/objects.ts';
import { requires, useEnv } from './current-env.ts';
import { force } from './force-sync.ts';
import { failsWith, isValid, readyOf } from './views.ts';

// Before the env's own hook, which ends its client.
after(() => env.kube.delete(definitions, { name: `${gateways.plural}.${gateways.group}` }));
const env = await useEnv();
const FLAG = '--unsafe-allow-generic-targets';
let operator = await env.startOperator([FLAG]);

const definitions: Resource = {
  group: 'apiextensions.k8s.io',
  version: 'v1',
  plural: 'customresourcedefinitions',
  kind: 'CustomResourceDefinition',
  namespaced: false,
};
const gateways: Resource = {
  group: 'manifest-test.example.org',
  version: 'v1',
  plural: 'gateways',
  kind: 'Gateway',
  namespaced: true,
};

/** A kind whose API server fills in a field of its spec, and whose lists must not be empty. */
await env.kube.create(definitions, {
  metadata: { name: `${gateways.plural}.${gateways.group}` },
  spec: {
    group: gateways.group,
    scope: 'Namespaced',
    names: { plural: gateways.plural, singular: 'gateway', kind: gateways.kind, listKind: 'GatewayList' },
    versions: [
      {
        name: 'v1',
        served: true,
        storage: true,
        schema: {
          openAPIV3Schema: {
            type: 'object',
            properties: {
              spec: {
                type: 'object',
                'x-kubernetes-preserve-unknown-fields': true,
                properties: {
                  port: { type: 'integer', default: 443 },
                  mode: { type: 'string', enum: ['open', 'closed'] },
                },
              },
            },
          },
        },
      },
    ],
  },
} as KubeObject);
await env.eventually(() => env.kube.list(gateways, { limit: 1 }), 30_000);

type TargetInput = NonNullable<ExternalSecretSpecInput['target']>;

const CONFIG_MAP = { apiVersion: 'v1', kind: 'ConfigMap' };
const GATEWAY = { apiVersion: `${gateways.group}/v1`, kind: 'Gateway' };

/** A namespace with a ready store `store` that holds these values. */
async function world(prefix: string, values: Record<string, string> = { user: 'u1', port: '8443' }): Promise<string> {
  const namespace = await env.namespace(prefix);
  await change(namespace, values);
  return namespace;
}

async function change(namespace: string, values: Record<string, string>): Promise<void> {
  await env.apply(secretStore(namespace, 'store', fake(values)));
  await isValid(env, namespace, 'store');
}

/** An ExternalSecret `app` of the value `user` into an object of this kind. */
function writing(
  namespace: string,
  manifest: typeof CONFIG_MAP,
  target: TargetInput = {},
): ReturnType<typeof externalSecret> {
  return externalSecret(namespace, 'app', from('store'), entry('user', 'user'), into({ manifest, ...target }));
}

async function found(resource: Resource, namespace: string, name = 'app'): Promise<Stored<ManifestObject> | undefined> {
  try {
    return await env.kube.get<ManifestObject>(resource, { namespace, name });
  } catch (error) {
    if (error instanceof NotFoundError) return undefined;
    throw error;
  }
}

async function isReady(namespace: string, ready: RegExp, name = 'app'): Promise<void> {
  await env.eventually(async () => assert.match(await readyOf(env, externalSecrets, namespace, name), ready));
}

async function shows(resource: Resource, namespace: string, field: 'data' | 'spec', expected: unknown): Promise<void> {
  await env.eventually(async () => assert.deepEqual((await found(resource, namespace))?.[field], expected));
}

test('without a template a ConfigMap gets the values as texts, with the marks of a target', async () => {
  const namespace = await world('plain');
  await env.apply(labelled({ team: 'shop' }, annotated({ note: 'x' }, writing(namespace, CONFIG_MAP))));
  await isReady(namespace, /^True ResourceSynced: /);
  const made = (await found(configMaps, namespace))!;
  assert.deepEqual(made['data'], { user: 'u1' });
  assert.equal(made.metadata.labels?.['team'], 'shop');
  assert.equal(made.metadata.labels?.['reconcile.external-secrets.io/managed'], 'true');
  assert.equal(made.metadata.annotations?.['note'], 'x');
  // SHA3-224 of `map[user:u1]`.
  assert.equal(
    made.metadata.annotations?.['reconcile.external-secrets.io/data-hash'],
    '2435ad843cc44e9d7a5bf76bdda696b41b3f67dae18eefe831f1abbb',
  );
  assert.equal(made.metadata.ownerReferences?.[0]?.name, 'app');
  const status = (await found(externalSecrets, namespace))?.['status'] as { binding?: { name: string } };
  assert.equal(status.binding?.name ?? '', '');
  await env.eventually(async () => {
    const events = await env.events(namespace, 'app');
    assert.ok(events.some(({ reason, message }) => reason === 'Created' && message.includes('ConfigMap "app"')));
  });
});

test('without a template any other kind gets the values below spec.data', async () => {
  const namespace = await world('other');
  await env.apply(writing(namespace, GATEWAY));
  await shows(gateways, namespace, 'spec', { port: 443, data: { user: 'u1' } });
});

test('templates write to paths, with numbers as numbers and lists as lists', async () => {
  const namespace = await world('paths');
  await env.apply(
    configMap(namespace, 'templates', {
      rule: 'host: "{{ .user }}.example.org"',
      port: '{{ .port }}',
      text: '{{ .user }}',
    }),
    secret(namespace, 'more', { braces: '{{ "{{ .nope }}" }}' }),
  );
  const templateFrom: NonNullable<NonNullable<TargetInput['template']>['templateFrom']> = [
    { literal: 'mode: open\nkept: true', target: 'spec' },
    { literal: 'from: [{name: "{{ .user }}"}]', target: 'spec.rules[1]' },
    {
      configMap: { name: 'templates', items: [{ key: 'rule', templateAs: 'KeysAndValues' }] },
      target: 'spec.rules[1]',
    },
    { configMap: { name: 'templates', items: [{ key: 'port' }] }, target: 'spec.port' },
    { configMap: { name: 'templates', items: [{ key: 'text' }] }, target: 'Spec' },
    { literal: 'tier: "{{ .user }}"', target: 'labels' },
    { secret: { name: 'more', items: [{ key: 'braces' }] }, target: 'Annotations' },
  ];
  const template = { metadata: { labels: { app: 'a' }, annotations: { raw: '{{ .user }}' } }, templateFrom };
  await env.apply(
    externalSecret(
      namespace,
      'app',
      from('store'),
      entry('user', 'user'),
      entry('port', 'port'),
      into({ manifest: GATEWAY, template }),
    ),
  );
  await shows(gateways, namespace, 'spec', {
    mode: 'open',
    kept: true,
    port: 8443,
    text: 'u1',
    rules: [null, { from: [{ name: 'u1' }], host: 'u1.example.org' }],
  });
  const { labels, annotations } = (await found(gateways, namespace))!.metadata;
  assert.equal(labels?.['tier'], 'u1');
  assert.equal(labels?.['app'], 'a');
  assert.equal(annotations?.['raw'], '{{ .user }}', 'metadata of a manifest is no template');
  assert.equal(annotations?.['braces'], '{{ .nope }}', 'what was rendered is not rendered again');
});

test('what has not changed is not written, and what the API server fills in is no change', async () => {
  const namespace = await world('quiet');
  await env.apply(
    writing(namespace, GATEWAY, { template: { templateFrom: [{ literal: 'user: "{{ .user }}"', target: 'spec' }] } }),
  );
  await isReady(namespace, /^True ResourceSynced/);
  await shows(gateways, namespace, 'spec', { user: 'u1', port: 443 });
  const { resourceVersion } = (await found(gateways, namespace))!.metadata;
  const synced = async (): Promise<unknown> =>
    ((await found(externalSecrets, namespace))!['status'] as { syncedResourceVersion?: string }).syncedResourceVersion;
  const before = await synced();
  await force(env, namespace, 'app');
  await env.eventually(async () => assert.notEqual(await synced(), before));
  assert.equal((await found(gateways, namespace))!.metadata.resourceVersion, resourceVersion);
  await change(namespace, { user: 'u2' });
  await force(env, namespace, 'app');
  await shows(gateways, namespace, 'spec', { user: 'u2', port: 443 });
});

test('an object that is edited or deleted by hand is restored at once, also after a restart', async () => {
  const namespace = await world('drift');
  await env.apply(writing(namespace, CONFIG_MAP));
  await shows(configMaps, namespace, 'data', { user: 'u1' });
  const edit = (data: object): Promise<unknown> =>
    env.kube.patch(configMaps, { namespace, name: 'app' }, { data }, { fieldManager: 'kubectl-edit' });
  await edit({ user: 'hacked', more: 'x' });
  await shows(configMaps, namespace, 'data', { user: 'u1' });
  await env.kube.delete(configMaps, { namespace, name: 'app' });
  await shows(configMaps, namespace, 'data', { user: 'u1' });
  await operator.stop();
  await edit({ user: 'while away' });
  operator = await env.startOperator([FLAG]);
  await shows(configMaps, namespace, 'data', { user: 'u1' });
  await edit({ user: 'after the restart' });
  await shows(configMaps, namespace, 'data', { user: 'u1' });
});

test('fields of a spec that others change come back too', async () => {
  const namespace = await world('spec-drift');
  await env.apply(writing(namespace, GATEWAY));
  await shows(gateways, namespace, 'spec', { port: 443, data: { user: 'u1' } });
  await env.kube.patch(gateways, { namespace, name: 'app' }, { spec: { port: 1, mode: 'closed' } });
  await shows(gateways, namespace, 'spec', { port: 443, data: { user: 'u1' } });
});

test('objects of another kind are released, and deleted with the value, like ConfigMaps', async () => {
  const [released, deleted] = [await world('release-kind'), await world('vanished-kind')];
  await env.apply(writing(released, GATEWAY), writing(deleted, GATEWAY, { deletionPolicy: 'Delete' }));
  for (const namespace of [released, deleted]) {
    await shows(gateways, namespace, 'spec', { port: 443, data: { user: 'u1' } });
    await change(namespace, { other: 'x' });
  }
  await env.apply(writing(released, GATEWAY, { creationPolicy: 'Orphan' }));
  await force(env, deleted, 'app');
  await env.eventually(async () => {
    assert.deepEqual((await found(gateways, released))!.metadata.ownerReferences ?? [], []);
    assert.equal(await found(gateways, deleted), undefined);
  });
});

test('Merge waits for its object, adds its keys and takes only its own away again', async () => {
  const namespace = await world('merge');
  await env.apply(writing(namespace, CONFIG_MAP, { creationPolicy: 'Merge' }));
  await isReady(namespace, /^True ResourceMissing: /);
  await env.apply(configMap(namespace, 'app', { foreign: 'f' }));
  await shows(configMaps, namespace, 'data', { foreign: 'f', user: 'u1' });
  assert.equal((await found(configMaps, namespace))!.metadata.ownerReferences, undefined);
  const other = externalSecret(namespace, 'app', from('store'), entry('login', 'user'));
  const target: TargetInput = { manifest: CONFIG_MAP, creationPolicy: 'Merge' };
  await env.apply({ ...other, spec: { ...other.spec, target } } as typeof other);
  await shows(configMaps, namespace, 'data', { foreign: 'f', login: 'u1' });
});

test('CreateOrMerge creates, Orphan creates without owning, None writes nothing', async () => {
  for (const [creationPolicy, data] of [
    ['CreateOrMerge', { user: 'u1' }],
    ['Orphan', { user: 'u1' }],
    ['None', undefined],
  ] as const) {
    const namespace = await world('policy');
    await env.apply(writing(namespace, CONFIG_MAP, { creationPolicy }));
    await isReady(namespace, /^True ResourceSynced/);
    const made = await found(configMaps, namespace);
    assert.deepEqual(made?.['data'], data);
    assert.equal(made?.metadata.ownerReferences, undefined);
  }
});

test('turning Owner into Orphan releases the object even while the backend is broken', async () => {
  const namespace = await world('release');
  await env.apply(writing(namespace, CONFIG_MAP));
  await shows(configMaps, namespace, 'data', { user: 'u1' });
  await change(namespace, { other: 'x' });
  await env.apply(writing(namespace, CONFIG_MAP, { creationPolicy: 'Orphan' }));
  await env.eventually(async () =>
    assert.deepEqual((await found(configMaps, namespace))!.metadata.ownerReferences ?? [], []),
  );
  assert.deepEqual((await found(configMaps, namespace))!['data'], { user: 'u1' });
});

test('an object of another ExternalSecret is left alone and its owner named', async () => {
  const namespace = await world('owned');
  await env.apply(writing(namespace, CONFIG_MAP));
  await isReady(namespace, /^True ResourceSynced/);
  await env.apply(
    externalSecret(namespace, 'second', from('store'), entry('x', 'user'), into({ manifest: CONFIG_MAP, name: 'app' })),
  );
  await isReady(namespace, /^False ResourceSyncedError: .*ConfigMap .* belongs to ExternalSecret "app"/, 'second');
  assert.deepEqual((await found(configMaps, namespace))!['data'], { user: 'u1' });
});

for (const [deletionPolicy, left, ready] of [
  ['Retain', { user: 'u1' }, /^False ResourceSyncedError/],
  ['Merge', {}, /^True ResourceSynced/],
  ['Delete', 'gone', /^True ResourceDeleted/],
] as const) {
  test(`a value that is gone from the backend, under deletionPolicy ${deletionPolicy}`, async () => {
    const namespace = await world('vanished');
    await env.apply(writing(namespace, CONFIG_MAP, { deletionPolicy }));
    await shows(configMaps, namespace, 'data', { user: 'u1' });
    await change(namespace, { other: 'x' });
    await force(env, namespace, 'app');
    await env.eventually(async () => {
      assert.match(await readyOf(env, externalSecrets, namespace, 'app'), ready);
      const object = await found(configMaps, namespace);
      assert.deepEqual(object === undefined ? 'gone' : (object['data'] ?? {}), left);
    });
  });
}

test('deletionPolicy Delete does not touch an object that is not ours', async () => {
  const namespace = await world('foreign', { other: 'x' });
  await env.apply(configMap(namespace, 'app', { theirs: 'x' }));
  await env.apply(writing(namespace, CONFIG_MAP, { deletionPolicy: 'Delete' }));
  await isReady(namespace, /^True ResourceDeleted/);
  assert.deepEqual((await found(configMaps, namespace))?.['data'], { theirs: 'x' });
});

test('deleting the ExternalSecret takes an owned object along, without a finalizer', async () => {
  const namespace = await world('collected');
  await env.apply(writing(namespace, CONFIG_MAP, { deletionPolicy: 'Delete' }));
  await shows(configMaps, namespace, 'data', { user: 'u1' });
  assert.equal((await found(externalSecrets, namespace))!.metadata.finalizers, undefined);
  await env.kube.delete(externalSecrets, { namespace, name: 'app' });
  await env.eventually(async () => assert.equal(await found(configMaps, namespace), undefined), 90_000);
});

test('Orphan with deletionPolicy Delete cleans up what it made, and leaves what others wrote to', async () => {
  for (const [foreign, left] of [
    [undefined, undefined],
    [{ data: { theirs: 'x' } }, 'kept'],
  ] as const) {
    const namespace = await world('cleaned');
    await env.apply(writing(namespace, CONFIG_MAP, { creationPolicy: 'Orphan', deletionPolicy: 'Delete' }));
    await isReady(namespace, /^True ResourceSynced/);
    assert.equal((await found(externalSecrets, namespace))!.metadata.finalizers?.length, 1);
    if (foreign !== undefined) {
      await env.kube.patch(configMaps, { namespace, name: 'app' }, foreign, { fieldManager: 'kubectl-edit' });
    }
    await env.kube.delete(externalSecrets, { namespace, name: 'app' });
    await env.eventually(async () => assert.equal(await found(externalSecrets, namespace), undefined));
    const object = await found(configMaps, namespace);
    assert.equal(object === undefined ? undefined : 'kept', left);
  }
});

test('a namespace that ends is not held up by what would be cleaned up', async () => {
  const namespace = await world('ending');
  await env.apply(writing(namespace, CONFIG_MAP, { creationPolicy: 'Orphan', deletionPolicy: 'Delete' }));
  await isReady(namespace, /^True ResourceSynced/);
  await env.kube.delete(namespaces, { name: namespace });
  await env.eventually(
    async () => assert.rejects(env.kube.get(namespaces, { name: namespace }), NotFoundError),
    60_000,
  );
});

test('kinds that are not there, or not in namespaces, are named', async () => {
  const namespace = await world('kinds');
  const cases: readonly [string, string, RegExp][] = [
    ['nope.example.org/v1', 'Thing', /^False ResourceSyncedError: .*this cluster has no kind "Thing"/],
    ['v1', 'Namespace', /^False SecretSyncedError: invalid generic target: .*cluster-scoped/],
  ];
  for (const [apiVersion, kind, ready] of cases) {
    await env.apply(writing(namespace, { apiVersion, kind }));
    await isReady(namespace, ready);
  }
});

test('what the API server refuses is told by field, without the value', async () => {
  const namespace = await world('refused', { user: 'very-hidden' });
  const templateFrom = [{ literal: 'mode: "{{ .user }}"', target: 'spec' }];
  await env.apply(writing(namespace, GATEWAY, { template: { templateFrom } }));
  await isReady(namespace, /^False ResourceSyncedError: could not update target resource: Gateway .*spec\.mode/);
  assert.doesNotMatch(await readyOf(env, externalSecrets, namespace, 'app'), /very-hidden/);
});

test('values that are no text, places that do not fit and paths that are none are named', async () => {
  const namespace = await world('unfit', { bytes: '/wD/', user: 'hidden' });
  const binary = entry('bin', 'bytes', undefined, { decodingStrategy: 'Base64' });
  await env.apply(externalSecret(namespace, 'binary', from('store'), binary, into({ manifest: CONFIG_MAP })));
  await isReady(namespace, /^False ResourceSyncedError: .*the value of "bin" is binary/, 'binary');
  const cases: readonly [string, RegExp][] = [
    ['data.user.deeper', /wants a map at "data\.user", but there is a single value/],
    ['data[0]', /wants a list at "data", but there is a map/],
    ['data..x', /is no path: a name is missing/],
    ['metadata.namespace', /only Labels and Annotations/],
    ['kind', /only Labels and Annotations/],
  ];
  for (const [target, ready] of cases) {
    const templateFrom = [
      { literal: 'user: x', target: 'Data' },
      { literal: '{{ .user }}', target },
    ];
    await env.apply(writing(namespace, CONFIG_MAP, { template: { templateFrom } }));
    await isReady(namespace, ready);
    assert.doesNotMatch(await readyOf(env, externalSecrets, namespace, 'app'), /hidden/);
  }
});

test('a denial says which rights are missing', requires(env, 'kube-faults', 'rights are taken away'), async () => {
  const namespace = await world('denied');
  await env.kubeFaults.respond({ method: 'POST', path: /configmaps/ }, { status: 403 }, 2);
  await env.apply(writing(namespace, CONFIG_MAP));
  await failsWithResource(namespace, /the operator was denied to create it; give its role the verbs .* on configmaps/);
  await env.advance(10_000);
  await isReady(namespace, /^True ResourceSynced/);
});

async function failsWithResource(namespace: string, pattern: RegExp): Promise<void> {
  await isReady(namespace, new RegExp(`^False ResourceSyncedError: .*${pattern.source}`));
}

test('an extract fills a ConfigMap with one key per member', async () => {
  const namespace = await world('extract', { all: '{"a":"1","b":{"c":2}}' });
  await env.apply(externalSecret(namespace, 'app', from('store'), extract('all'), into({ manifest: CONFIG_MAP })));
  await shows(configMaps, namespace, 'data', { a: '1', b: '{"c":2}' });
});

test('without the flag nothing is written, and the condition names it', async () => {
  await operator.stop();
  operator = await env.startOperator();
  const namespace = await world('off');
  await env.apply(writing(namespace, CONFIG_MAP));
  await failsWith(env, namespace, 'app', /invalid generic target/, /--unsafe-allow-generic-targets/);
  assert.equal(await found(configMaps, namespace), undefined);
});
