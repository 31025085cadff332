/**
 * The CRDs as an API server keeps them: what is defaulted and what is not, both versions, columns, selectors, rules. No
 * operator runs here: all of it holds before one is installed.
 */
import assert from 'node:assert/strict';
import { writeFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import {
  clusterSecretStores,
  externalSecrets,
  passwords,
  pushSecrets,
  secretStores,
  sshKeys,
  vaultDynamicSecrets,
} from '../../src/api/resources.ts';
import type { KubeObject, Resource, Stored } from '../../src/kube/types.ts';
import { entry, externalSecret, fake, from, pushSecret, refreshEvery, secretStore } from '../builders/objects.ts';
import { useEnv } from './current-env.ts';

const env = await useEnv();
const namespace = await env.namespace('crds');

type Any = KubeObject & { readonly spec?: unknown; readonly status?: unknown };

function manifest(resource: Resource, name: string, spec?: unknown, version = resource.version): Any {
  const metadata = resource.namespaced ? { namespace, name } : { name };
  const apiVersion = `${resource.group}/${version}`;
  return { apiVersion, kind: resource.kind, metadata, ...(spec === undefined ? {} : { spec }) };
}

const create = (resource: Resource, name: string, spec?: unknown): Promise<Stored<Any>> =>
  env.kube.create<Any>(resource, manifest(resource, name, spec));

const data = [{ secretKey: 'a', remoteRef: { key: 'k' } }];

describe('defaults:', () => {
  const rows: readonly (readonly [resource: Resource, what: string, spec: object, stored: object])[] = [
    [
      externalSecrets,
      'an ExternalSecret gets its interval and its policies, and no strategies',
      { secretStoreRef: { name: 's' }, data },
      {
        secretStoreRef: { name: 's' },
        data,
        refreshInterval: '1h0m0s',
        target: { creationPolicy: 'Owner', deletionPolicy: 'Retain' },
      },
    ],
    [
      externalSecrets,
      'an explicit null is the default',
      { data, refreshInterval: null, target: { creationPolicy: null } },
      { data, refreshInterval: '1h0m0s', target: { creationPolicy: 'Owner', deletionPolicy: 'Retain' } },
    ],
    [
      externalSecrets,
      'templates, generators and merges get theirs where they are used',
      {
        target: { template: { templateFrom: [{ configMap: { name: 'c', items: [{ key: 't' }] } }] } },
        dataFrom: [{ sourceRef: { generatorRef: { kind: 'Password', name: 'p' } }, rewrite: [{ merge: {} }] }],
      },
      {
        refreshInterval: '1h0m0s',
        target: {
          creationPolicy: 'Owner',
          deletionPolicy: 'Retain',
          template: {
            engineVersion: 'v2',
            mergePolicy: 'Replace',
            templateFrom: [{ target: 'Data', configMap: { name: 'c', items: [{ key: 't', templateAs: 'Values' }] } }],
          },
        },
        dataFrom: [
          {
            sourceRef: {
              generatorRef: { apiVersion: 'generators.external-secrets.io/v1alpha1', kind: 'Password', name: 'p' },
            },
            rewrite: [{ merge: { strategy: 'Extract', conflictPolicy: 'Error', priorityPolicy: 'Strict', into: '' } }],
          },
        ],
      },
    ],
    [
      secretStores,
      'a store of fake values gets none',
      { provider: { fake: { data: [] } } },
      { provider: { fake: { data: [] } } },
    ],
    [
      secretStores,
      'a Vault store gets the KV version and the mount of its method',
      { provider: { vault: { server: 'https://v', auth: { kubernetes: { role: 'r' }, appRole: { secretRef: {} } } } } },
      {
        provider: {
          vault: {
            server: 'https://v',
            version: 'v2',
            auth: { kubernetes: { role: 'r', mountPath: 'kubernetes' }, appRole: { secretRef: {}, path: 'approle' } },
          },
        },
      },
    ],
    [
      secretStores,
      'an AWS store gets its policy for session tags',
      { provider: { aws: { service: 'SecretsManager', region: 'r' } } },
      { provider: { aws: { service: 'SecretsManager', region: 'r', sessionTagsPolicy: 'None' } } },
    ],
    [
      secretStores,
      'a Kubernetes store gets its namespace, and a URL inside of a server',
      { provider: { kubernetes: { server: {} } } },
      { provider: { kubernetes: { remoteNamespace: 'default', server: { url: 'kubernetes.default' } } } },
    ],
    [
      pushSecrets,
      'a PushSecret gets interval, policies, kinds and strategies',
      {
        secretStoreRefs: [{ name: 's' }],
        selector: { secret: { name: 'x' } },
        data: [{ match: { secretKey: 'a', remoteRef: { remoteKey: 'k' } } }],
        dataTo: [{ storeRef: { name: 's' } }],
      },
      {
        refreshInterval: '1h0m0s',
        updatePolicy: 'Replace',
        deletionPolicy: 'None',
        secretStoreRefs: [{ name: 's', kind: 'SecretStore' }],
        selector: { secret: { name: 'x' } },
        data: [{ match: { secretKey: 'a', remoteRef: { remoteKey: 'k' } }, conversionStrategy: 'None' }],
        dataTo: [{ storeRef: { name: 's', kind: 'SecretStore' }, conversionStrategy: 'None' }],
      },
    ],
    [
      passwords,
      'a Password gets its alphabet',
      {},
      { length: 24, noUpper: false, allowRepeat: false, encoding: 'raw' },
    ],
    [sshKeys, 'an SSHKey gets its type', {}, { keyType: 'rsa' }],
    [
      vaultDynamicSecrets,
      'a VaultDynamicSecret gets what it takes out of the answer',
      { path: 'p', provider: { server: 'https://v', auth: {} } },
      {
        path: 'p',
        resultType: 'Data',
        allowEmptyResponse: false,
        provider: { server: 'https://v', version: 'v2', auth: {} },
      },
    ],
  ];
  for (const [index, [resource, what, spec, stored]] of rows.entries()) {
    test(what, async () => assert.deepEqual((await create(resource, `default-${index}`, spec)).spec, stored));
  }

  test('strategies that were not written are not stored', async () => {
    const { spec } = await create(externalSecrets, 'bare', {
      data,
      dataFrom: [{ extract: { key: 'k' } }, { find: {} }],
    });
    assert.deepEqual((spec as { data: unknown; dataFrom: unknown }).dataFrom, [
      { extract: { key: 'k' } },
      { find: {} },
    ]);
    assert.deepEqual((spec as { data: unknown }).data, data);
  });

  test('an object of nothing but metadata passes and gets nothing', async () => {
    for (const resource of [externalSecrets, secretStores, pushSecrets, passwords])
      assert.equal('spec' in (await create(resource, 'only-metadata')), false);
  });

  test('the text of an interval is kept as it was written', async () => {
    const { spec } = await create(externalSecrets, 'interval', { data, refreshInterval: '90m' });
    assert.equal((spec as { refreshInterval: string }).refreshInterval, '90m');
  });

  test('a store of a backend that is not built keeps all that was written', async () => {
    const provider = { gcpsm: { projectID: 'p', auth: { workloadIdentity: { clusterName: 'c', deep: [{ er: 1 }] } } } };
    assert.deepEqual((await create(secretStores, 'unbuilt', { provider })).spec, { provider });
  });
});

describe('applying twice changes nothing:', () => {
  const objects = [
    externalSecret(namespace, 'twice', from('s'), entry('a', 'k'), refreshEvery('1h')),
    secretStore(namespace, 'twice', fake({ k: 'v' })),
    pushSecret(namespace, 'twice', 'x', 's', { a: 'k' }),
  ];

  test('by replacing', async () => {
    const first = await env.apply(...objects);
    const second = await env.apply(...objects);
    assert.deepEqual(second.map(versionOf), first.map(versionOf));
    assert.deepEqual(
      second.map(({ metadata }) => metadata.generation),
      [1, 1, 1],
    );
  });

  test('by server-side apply', async () => {
    const apply = (): Promise<Stored<Any>> =>
      env.kube.patch<Any>(
        externalSecrets,
        { namespace, name: 'applied' },
        manifest(externalSecrets, 'applied', { data }),
        {
          type: 'apply',
          fieldManager: 'gitops',
        },
      );
    assert.equal(versionOf(await apply()), versionOf(await apply()));
  });

  test('by kubectl', { skip: env.kind === 'real' ? false : 'the kubectl of the sandbox only gets' }, async () => {
    const folder = mkdtempSync(join(tmpdir(), 'crds-'));
    const file = join(folder, 'objects.json');
    const items = objects.map((each) => ({ ...each, metadata: { ...each.metadata, name: 'by-kubectl' } }));
    writeFileSync(file, JSON.stringify({ apiVersion: 'v1', kind: 'List', items }));
    for (const flags of [[], ['--server-side', '--force-conflicts']]) {
      const apply = (): Promise<string> => env.kubectl('apply', '-f', file, ...flags);
      await apply();
      const versions = await env.kubectl(
        'get',
        'es,ss,ps',
        '-n',
        namespace,
        '-o',
        'jsonpath={.items[*].metadata.resourceVersion}',
      );
      const said = await apply();
      // Client-side apply replaces lists whole, and those of a PushSecret have defaults inside: kubectl then says "configured".
      if (flags.length === 0) assert.match(said, /externalsecret\S+ unchanged[^]*\bsecretstore\S+ unchanged/);
      assert.equal(
        await env.kubectl('get', 'es,ss,ps', '-n', namespace, '-o', 'jsonpath={.items[*].metadata.resourceVersion}'),
        versions,
      );
    }
    rmSync(folder, { recursive: true });
  });
});

function versionOf({ metadata }: Stored): string {
  return metadata.resourceVersion;
}

describe('v1beta1:', () => {
  const old = { ...externalSecrets, version: 'v1beta1' };

  test('what was written in it is the same object in v1', async () => {
    const made = await env.kube.create<Any>(old, manifest(externalSecrets, 'old', { data }, 'v1beta1'));
    assert.equal(made.apiVersion, 'external-secrets.io/v1beta1');
    const inV1 = await env.kube.get<Any>(externalSecrets, { namespace, name: 'old' });
    const inOld = await env.kube.get<Any>(old, { namespace, name: 'old' });
    assert.equal(inV1.apiVersion, 'external-secrets.io/v1');
    assert.deepEqual([inV1.metadata.uid, inOld.metadata.uid], [made.metadata.uid, made.metadata.uid]);
    assert.deepEqual(inOld.spec, inV1.spec);
    assert.equal((inV1.spec as { refreshInterval: string }).refreshInterval, '1h0m0s');
  });

  test('it is served and said to be deprecated; v1 is stored', async () => {
    for (const kind of ['externalsecrets', 'secretstores', 'clustersecretstores', 'clusterexternalsecrets']) {
      const path = `/apis/apiextensions.k8s.io/v1/customresourcedefinitions/${kind}.external-secrets.io`;
      const { spec } = (await env.kube.raw('GET', path)) as { spec: { versions: readonly Record<string, unknown>[] } };
      const said = spec.versions.map(({ name, served, storage, deprecated = false }) => ({
        name,
        served,
        storage,
        deprecated,
      }));
      assert.deepEqual(
        said.toSorted((a, b) => String(a.name).localeCompare(String(b.name))),
        [
          { name: 'v1', served: true, storage: true, deprecated: false },
          { name: 'v1beta1', served: true, storage: false, deprecated: true },
        ],
      );
    }
  });
});

describe('looking:', () => {
  const HEADERS: Record<string, readonly string[]> = {
    es: ['NAME', 'STORETYPE', 'STORE', 'REFRESH INTERVAL', 'STATUS', 'READY', 'LAST SYNC'],
    ss: ['NAME', 'AGE', 'STATUS', 'CAPABILITIES', 'READY'],
    css: ['NAME', 'AGE', 'STATUS', 'CAPABILITIES', 'READY'],
    ps: ['NAME', 'AGE', 'STATUS', 'LAST SYNC'],
  };
  for (const [kind, headers] of Object.entries(HEADERS)) {
    test(`kubectl get ${kind} shows ${headers.join(', ')}`, async () => {
      const spec = kind === 'ps' ? pushSecret(namespace, 'seen', 'x', 's', {}).spec : { provider: fake({}) };
      const resource = { ss: secretStores, css: clusterSecretStores, ps: pushSecrets }[kind] ?? externalSecrets;
      await create(resource, 'seen', kind === 'es' ? { data } : spec);
      const [head = ''] = (await env.kubectl('get', kind, '-n', namespace)).split('\n');
      assert.deepEqual(head.trim().split(/ {2,}/), headers);
    });
  }

  test('field selectors compare texts, so 1h is not 1h0m0s', async () => {
    await create(externalSecrets, 'short', {
      data,
      refreshInterval: '1h',
      secretStoreRef: { name: 'picked', kind: 'SecretStore' },
    });
    await create(externalSecrets, 'long', {
      data,
      refreshInterval: '1h0m0s',
      secretStoreRef: { name: 'picked' },
      target: { name: 'aim' },
    });
    const names = async (fieldSelector: string): Promise<readonly string[]> =>
      (await env.kube.list(externalSecrets, { namespace, fieldSelector })).items.map(({ metadata }) => metadata.name);
    assert.deepEqual(await names('spec.refreshInterval=1h,spec.secretStoreRef.name=picked'), ['short']);
    assert.deepEqual(await names('spec.refreshInterval=1h0m0s,spec.secretStoreRef.name=picked'), ['long']);
    assert.deepEqual(await names('spec.secretStoreRef.kind=SecretStore,spec.secretStoreRef.name=picked'), ['short']);
    assert.deepEqual(await names('spec.target.name=aim'), ['long']);
  });
});

describe('rules:', () => {
  const dataTo = (one: object): object => ({ secretStoreRefs: [], selector: { secret: {} }, dataTo: [one] });
  const tags = (customSessionTags: object): object => ({
    provider: { aws: { service: 'SecretsManager', region: 'r', customSessionTags } },
  });
  const rows: readonly (readonly [resource: Resource, what: string, spec: object, says: RegExp])[] = [
    [pushSecrets, 'a PushSecret without selector', { secretStoreRefs: [] }, /spec\.selector: Required value/],
    [pushSecrets, 'an empty selector', { secretStoreRefs: [], selector: {} }, /spec\.selector/],
    [pushSecrets, 'dataTo without a store', dataTo({}), /storeRef must be set, with a name or a labelSelector/],
    [pushSecrets, 'dataTo with a store of no name', dataTo({ storeRef: {} }), /storeRef must be set/],
    [
      pushSecrets,
      'one value for all keys that is to be rewritten key by key',
      dataTo({ storeRef: { name: 's' }, remoteKey: '', rewrite: [{ regexp: { source: 'a', target: 'b' } }] }),
      /remoteKey .* and rewrite .* exclude each other/,
    ],
    [
      pushSecrets,
      'a rewrite of nothing',
      dataTo({ storeRef: { name: 's' }, rewrite: [{}] }),
      /exactly one of regexp, transform/,
    ],
    [
      secretStores,
      'a tag of the operator',
      tags({ esoNamespace: 'x' }),
      /customSessionTags must not contain esoNamespace/,
    ],
    [
      secretStores,
      'another tag of the operator',
      tags({ esoStoreKind: 'x' }),
      /customSessionTags must not contain esoStoreKind/,
    ],
    [secretStores, 'no provider', { provider: {} }, /spec\.provider/],
    [secretStores, 'two providers', { provider: { fake: { data: [] }, gcpsm: {} } }, /spec\.provider/],
    [
      externalSecrets,
      'an empty refreshPolicy',
      { data, refreshPolicy: '' },
      /spec\.refreshPolicy: Unsupported value: ""/,
    ],
    [
      externalSecrets,
      'a window without a schedule',
      { data, syncWindows: { kind: 'deny', windows: [{ duration: '1h' }] } },
      /schedule: Required value/,
    ],
    [
      externalSecrets,
      'windows in capitals',
      { data, syncWindows: { kind: 'Deny', windows: [{ schedule: '@daily', duration: '1h' }] } },
      /spec\.syncWindows\.kind: Unsupported value/,
    ],
  ];
  for (const [resource, what, spec, says] of rows) {
    test(`${resource.kind}: ${what} is refused`, () => assert.rejects(create(resource, 'refused', spec), says));
  }
});

describe('status:', () => {
  const statusPatch = (name: string, status: object): Promise<Stored<Any>> =>
    env.kube.patch<Any>(
      externalSecrets,
      { namespace, name },
      { spec: { refreshInterval: '5s' }, status },
      { type: 'merge', subresource: 'status' },
    );

  test('it is written by its own door only, and that one does not touch the spec', async () => {
    const made = await env.kube.create<Any>(externalSecrets, {
      ...manifest(externalSecrets, 'doors', { data }),
      status: { syncedResourceVersion: 'forged' },
    });
    assert.equal(made.status, undefined);
    const patched = await statusPatch('doors', { syncedResourceVersion: '1-x', binding: {} });
    assert.deepEqual(patched.status, { syncedResourceVersion: '1-x', binding: { name: '' } });
    assert.equal((patched.spec as { refreshInterval: string }).refreshInterval, '1h0m0s');
    assert.equal(patched.metadata.generation, 1);
  });

  test('a condition is Ready or Deleted; refreshTime may be null', async () => {
    await create(externalSecrets, 'conditions', { data });
    const condition = (type: string): object => ({ conditions: [{ type, status: 'True' }], refreshTime: null });
    await statusPatch('conditions', condition('Ready'));
    await assert.rejects(
      statusPatch('conditions', condition('Synced')),
      /status\.conditions\[0\]\.type: Unsupported value: "Synced"/,
    );
  });
});
