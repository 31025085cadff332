import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ExternalSecret } from '../../api/external-secret.ts';
import { externalSecrets, secrets } from '../../api/resources.ts';
import { DeniedError, NotFoundError } from '../../kube/errors.ts';
import { Generators } from '../../generators/index.ts';
import { silentLog } from '../../log.ts';
import { splitKey, type KubeObject, type Stored } from '../../kube/types.ts';
import { extractRaw } from '../../providers/json/extract.ts';
import { PermissionDeniedError, SecretNotFoundError } from '../../providers/errors.ts';
import type { RemoteRef } from '../../providers/provider.ts';
import type { Session } from '../../providers/pool.ts';
import { TerminalError } from '../../runtime/errors.ts';
import { tellFailure } from '../failure.ts';
import { StorePendingError } from '../store-gate.ts';
import type { ObjectRef } from '../synced-object.ts';
import { SecretValue } from '../../secret-value.ts';
import { FakeKube } from '../../../test/builders/fake-kube.ts';
import { ManualClock } from '../../../test/builders/manual-clock.ts';
import type { Deps, StoredExternalSecret } from './deps.ts';
import { MANAGED_LABEL, PEER_FINALIZER } from './names.ts';
import { Records } from './records.ts';
import { reconcile } from './reconcile.ts';
import type { SecretObject } from './secret-object.ts';
import { viewTarget } from './target-view.ts';

/** A backend with a few values, an API server in memory, and a list of what was told. */
class World {
  readonly clock = new ManualClock();
  readonly kube = new FakeKube({ clock: this.clock });
  readonly values = new Map<string, string>();
  readonly told: string[] = [];
  readonly records = new Records();
  reads = 0;
  backendError: Error | undefined;
  leaving = false;
  deps: Deps;

  constructor() {
    const tell =
      (reason: string) =>
      (_object: ObjectRef, detail: string | readonly string[]): void =>
        void this.told.push(`${reason}: ${String(detail)}`);
    const stored = (key: string): StoredExternalSecret | undefined =>
      this.kube.peek<ExternalSecret>(externalSecrets, named(key));
    this.deps = {
      client: this.kube,
      clock: this.clock,
      log: silentLog,
      settings: { controllerClass: 'default', clusterStores: true, heartbeatMs: 60_000 },
      externalSecrets: { get: stored },
      targets: { get: (key) => viewOf(this.kube.peek(secrets, named(key))) },
      targetsCreatedBy: (namespace, mark) =>
        this.kube
          .objects(secrets)
          .map((secret) => viewTarget(secret))
          .filter((view) => view.namespace === namespace && view.createdBy === mark),
      gate: { open: async () => this.#session(), isForeign: () => false },
      generators: new Generators({
        client: this.kube,
        clock: this.clock,
        log: silentLog,
        environment: { awsEndpoints: {}, awsDefaults: {}, allowTargets: [], controllerCredentialsForAll: true },
        observe: () => {},
        access: () => {
          throw new Error('not used here');
        },
        controllerClass: 'default',
        statesOf: () => [],
        keepsStates: true,
        gracePeriodMs: 120_000,
      }),
      engine: {
        render: async () => {
          throw new Error('not used here');
        },
        parseKeysAndValues: () => new Map(),
      },
      renderKey: async (_template, key) => key,
      readTemplate: async () => SecretValue.ofText(''),
      isLeaving: () => this.leaving,
      records: this.records,
      events: {
        created: tell('Created'),
        updated: tell('Updated'),
        deleted: tell('Deleted'),
        missing: tell('MissingProviderSecret'),
        collided: tell('RewriteCollision'),
        failed: tell('UpdateFailed'),
      },
      metrics: { started: () => {}, finished: () => {}, ready: () => {}, forget: () => {} },
      forgetDependencies: () => {},
    };
  }

  #session(): Session {
    const read = async (ref: RemoteRef): Promise<SecretValue> => {
      this.reads += 1;
      if (this.backendError !== undefined) throw this.backendError;
      const value = this.values.get(ref.key);
      if (value === undefined) throw new SecretNotFoundError(`secret "${ref.key}" does not exist`);
      return SecretValue.ofText(value);
    };
    const entries = (raw: SecretValue): ReadonlyMap<string, SecretValue> =>
      new Map([...extractRaw(raw.reveal())].map(([key, bytes]) => [key, SecretValue.ofBytes(bytes)]));
    return {
      reader: { read },
      values: { select: (raw: SecretValue) => raw, entries },
      release: () => {},
    } as unknown as Session;
  }

  apply(spec: Partial<NonNullable<ExternalSecret['spec']>>, meta: Partial<KubeObject['metadata']> = {}): void {
    const complete = {
      secretStoreRef: { name: 'store' },
      refreshInterval: '1h',
      target: { creationPolicy: 'Owner', deletionPolicy: 'Retain' },
      ...spec,
    };
    const before = this.kube.peek<ExternalSecret>(externalSecrets, named('shop/orders'));
    this.kube.put(externalSecrets, {
      ...before,
      metadata: { ...before?.metadata, namespace: 'shop', name: 'orders', ...meta },
      spec: complete,
    } as KubeObject);
  }

  /** As the runtime does it: a failure is told with the time of the next attempt. */
  async run(): Promise<{ readonly requeueAfterMs?: number }> {
    try {
      return await reconcile(this.deps, 'shop/orders', { signal: new AbortController().signal });
    } catch (error) {
      const retryInMs = error instanceof TerminalError ? error.retryAfterMs : 2_500;
      tellFailure(this.records.peek('shop/orders'), retryInMs, (object, text) => this.deps.events.failed(object, text));
      throw error;
    }
  }

  secret(name = 'orders'): Stored<SecretObject> | undefined {
    return this.kube.peek<SecretObject>(secrets, { namespace: 'shop', name });
  }

  text(name = 'orders'): Record<string, string> | undefined {
    const data = this.secret(name)?.data;
    return (
      data &&
      Object.fromEntries(Object.entries(data).map(([key, value]) => [key, Buffer.from(value, 'base64').toString()]))
    );
  }

  ready(): string {
    const es = this.kube.peek<ExternalSecret>(externalSecrets, named('shop/orders'));
    const condition = es?.status?.conditions?.[0];
    return `${condition?.status} ${condition?.reason} ${condition?.message}`;
  }
}

function named(key: string): { namespace: string; name: string } {
  const { namespace = '', name } = splitKey(key);
  return { namespace, name };
}

function viewOf(secret: Stored | undefined): ReturnType<typeof viewTarget> | undefined {
  return secret === undefined ? undefined : viewTarget(secret);
}

const data = (...keys: string[]): NonNullable<ExternalSecret['spec']>['data'] =>
  keys.map((key) => ({ secretKey: key, remoteRef: { key } }));

test('the first pass creates the Secret, says so once and is content for the interval', async () => {
  const world = new World();
  world.values.set('user', 'u1');
  world.apply({ data: data('user') });
  const { requeueAfterMs } = await world.run();
  assert.deepEqual(world.text(), { user: 'u1' });
  assert.deepEqual(world.told, ['Created: orders']);
  assert.equal(world.ready(), 'True SecretSynced secret synced');
  assert.ok(requeueAfterMs !== undefined && requeueAfterMs > 0 && requeueAfterMs <= 3_600_000);
  await world.run();
  assert.equal(world.reads, 1);
});

test('a refresh without a change writes nothing, one with a change writes once and in place', async () => {
  const world = new World();
  world.values.set('user', 'u1');
  world.apply({ data: data('user') });
  await world.run();
  const first = world.secret()!.metadata;
  await world.clock.advance(3_600_000);
  await world.run();
  assert.equal(world.reads, 2);
  assert.equal(world.secret()!.metadata.resourceVersion, first.resourceVersion);
  world.values.set('user', 'u2');
  await world.clock.advance(3_600_000);
  await world.run();
  assert.deepEqual(world.text(), { user: 'u2' });
  assert.equal(world.secret()!.metadata.uid, first.uid);
  assert.deepEqual(world.told, ['Created: orders', 'Updated: orders']);
});

test('a forced sync reads anew at once', async () => {
  const world = new World();
  world.values.set('user', 'u1');
  world.apply({ data: data('user') });
  await world.run();
  world.values.set('user', 'u2');
  world.apply({ data: data('user') }, { annotations: { 'force-sync': '1' } });
  await world.run();
  assert.deepEqual(world.text(), { user: 'u2' });
});

test('a Secret that was edited or deleted by hand is restored', async () => {
  const world = new World();
  world.values.set('user', 'u1');
  world.apply({ data: data('user') });
  await world.run();
  const secret = world.secret()!;
  const annotations = { ...secret.metadata.annotations, 'reconcile.external-secrets.io/data-hash': 'edited' };
  world.kube.put(secrets, {
    ...secret,
    data: { user: 'aGFja2Vk' },
    metadata: { ...secret.metadata, annotations },
  } as KubeObject);
  await world.run();
  assert.deepEqual(world.text(), { user: 'u1' });
  world.kube.remove(secrets, { namespace: 'shop', name: 'orders' });
  await world.run();
  assert.deepEqual(world.text(), { user: 'u1' });
});

test('a failure names the entry, keeps the Secret, is told once per cause and recovers', async () => {
  const world = new World();
  world.values.set('user', 'u1');
  world.apply({ data: data('user') });
  await world.run();
  world.backendError = new PermissionDeniedError('AccessDeniedException: not allowed to GetSecretValue');
  await world.clock.advance(3_600_000);
  await assert.rejects(world.run());
  await assert.rejects(world.run());
  assert.match(
    world.ready(),
    /^False SecretSyncedError could not get secret data from provider: data\[0\] \(key "user"\) from SecretStore "\w+": AccessDenied/,
  );
  assert.deepEqual(world.text(), { user: 'u1' });
  const failures = world.told.filter((line) => line.startsWith('UpdateFailed'));
  assert.equal(failures.length, 1);
  assert.match(failures[0] ?? '', /AccessDenied.*; next attempt in 3 s$/);
  world.backendError = undefined;
  await world.run();
  assert.equal(world.ready(), 'True SecretSynced secret synced');
});

test('made together with its store it waits for a moment, and only then complains that nobody validated the store', async () => {
  const world = new World();
  world.values.set('user', 'u1');
  world.apply({ data: data('user') });
  const message = 'SecretStore "store" is not ready (it was not validated yet)';
  world.backendError = new StorePendingError(message, world.clock.now());
  assert.deepEqual(await world.run(), { requeueAfterMs: 2_000 });
  assert.deepEqual(world.told, []);
  assert.equal(world.records.peek('shop/orders')?.failed, true);
  await world.clock.advance(10_000);
  await assert.rejects(world.run(), /not validated yet/);
  assert.match(world.told.join(), /^UpdateFailed: .*not validated yet/);
});

test('one missing entry among several writes nothing at all', async () => {
  const world = new World();
  world.values.set('user', 'u1');
  world.apply({ data: data('user', 'pass') });
  await assert.rejects(world.run(), /data\[1\] \(key "pass"\) from SecretStore "\w+": secret "pass" does not exist/);
  assert.equal(world.text(), undefined);
});

test('data wins over dataFrom, and later dataFrom over earlier', async () => {
  const world = new World();
  world.values.set('a', '{"x":"a","y":"a","z":"a"}').set('b', '{"y":"b","z":"b"}').set('z', 'data');
  world.apply({ data: data('z'), dataFrom: [{ extract: { key: 'a' } }, { extract: { key: 'b' } }] });
  await world.run();
  assert.deepEqual(world.text(), { x: 'a', y: 'b', z: 'data' });
});

test('deletionPolicy decides what becomes of a Secret whose values are gone', async () => {
  for (const [deletionPolicy, expected] of [
    ['Retain', { user: 'u1' }],
    ['Merge', {}],
    ['Delete', undefined],
  ] as const) {
    const world = new World();
    world.values.set('user', 'u1');
    world.apply({ data: data('user'), target: { creationPolicy: 'Owner', deletionPolicy } });
    await world.run();
    world.values.delete('user');
    await world.clock.advance(3_600_000);
    await world.run().catch(() => {});
    assert.deepEqual(world.text(), expected, deletionPolicy);
  }
});

test('deletionPolicy Delete does not touch a Secret that is not ours', async () => {
  const world = new World();
  world.kube.put(secrets, { metadata: { namespace: 'shop', name: 'orders' }, data: { mine: 'eA==' } } as KubeObject);
  world.apply({ data: data('user'), target: { creationPolicy: 'Owner', deletionPolicy: 'Delete' } });
  await world.run();
  assert.deepEqual(world.text(), { mine: 'x' });
});

test('an unowned Secret is adopted under Owner', async () => {
  const world = new World();
  world.kube.put(secrets, { metadata: { namespace: 'shop', name: 'orders' }, data: { old: 'eA==' } } as KubeObject);
  world.values.set('user', 'u1');
  world.apply({ data: data('user') });
  await world.run();
  assert.deepEqual(world.text(), { user: 'u1' });
  assert.equal(world.secret()?.metadata.ownerReferences?.[0]?.name, 'orders');
});

test('None writes nothing, not even a label', async () => {
  const world = new World();
  const before = world.kube.put(secrets, { metadata: { namespace: 'shop', name: 'orders' } });
  world.values.set('user', 'u1');
  world.apply({ data: data('user'), target: { creationPolicy: 'None', deletionPolicy: 'Retain' } });
  await world.run();
  await world.run();
  assert.equal(world.secret()?.metadata.resourceVersion, before.metadata.resourceVersion);
  assert.equal(world.secret()?.metadata.labels?.[MANAGED_LABEL], undefined);
  assert.equal(world.reads, 1);
  assert.match(world.ready(), /^True SecretSynced/);
});

test('Merge waits for its Secret and then adds to it', async () => {
  const world = new World();
  world.values.set('user', 'u1');
  world.apply({ data: data('user'), target: { creationPolicy: 'Merge', deletionPolicy: 'Retain' } });
  await world.run();
  assert.match(world.ready(), /^True SecretMissing/);
  assert.equal(world.text(), undefined);
  world.kube.put(secrets, { metadata: { namespace: 'shop', name: 'orders' }, data: { foreign: 'eA==' } } as KubeObject);
  await world.run();
  assert.deepEqual(world.text(), { foreign: 'x', user: 'u1' });
});

test('turning Owner into Orphan releases the Secret even while the backend is broken', async () => {
  const world = new World();
  world.values.set('user', 'u1');
  world.apply({ data: data('user') });
  await world.run();
  world.backendError = new PermissionDeniedError('denied');
  world.apply({ data: data('user'), target: { creationPolicy: 'Orphan', deletionPolicy: 'Retain' } });
  await assert.rejects(world.run());
  assert.equal(world.secret()?.metadata.ownerReferences, undefined);
  assert.deepEqual(world.text(), { user: 'u1' });
});

test('renaming the target removes the old Secret', async () => {
  const world = new World();
  world.values.set('user', 'u1');
  world.apply({ data: data('user') });
  await world.run();
  world.apply(
    { data: data('user'), target: { name: 'renamed', creationPolicy: 'Owner', deletionPolicy: 'Retain' } },
    { generation: 2 },
  );
  await world.run();
  assert.equal(world.text('orders'), undefined);
  assert.deepEqual(world.text('renamed'), { user: 'u1' });
});

test('an object that cannot work is told what is wrong and is looked at again at its interval', async () => {
  const world = new World();
  world.apply({});
  await assert.rejects(world.run(), (error) => error instanceof TerminalError && error.retryAfterMs === 3_600_000);
  assert.match(world.ready(), /^False SecretSyncedError the ExternalSecret is not valid: .*data/);
});

/** What a pass leaves behind: in the API server, and in what people are told. */
function traces(world: World): unknown {
  const es = world.kube.peek<ExternalSecret>(externalSecrets, named('shop/orders'));
  return structuredClone([es?.metadata.resourceVersion, world.told, world.records.peek('shop/orders')?.failed]);
}

const TERMINATING = new DeniedError('secrets "orders" is forbidden: namespace shop is being terminated', {
  status: 403,
  reason: 'Forbidden',
  details: { causes: [{ reason: 'NamespaceTerminating', field: 'metadata.namespace' }] },
});
const NO_NAMESPACE = new NotFoundError('namespaces "shop" not found', {
  status: 404,
  reason: 'NotFound',
  details: { kind: 'namespaces', name: 'shop' },
});

for (const refusal of [TERMINATING, NO_NAMESPACE])
  test(`a target that cannot be made again because its namespace goes is no failure (${refusal.name})`, async () => {
    const world = new World();
    world.values.set('password', 's3cr3t');
    world.apply({ data: data('password') });
    await world.run();
    const before = traces(world);
    world.kube.remove(secrets, { namespace: 'shop', name: 'orders' });
    world.kube.faults.fail('create', refusal, { plural: 'secrets' });
    assert.deepEqual(await world.run(), { requeueAfterMs: 10_000 });
    assert.deepEqual(traces(world), before);
  });

test('in a namespace that terminates nobody is asked and nothing is told, whatever goes first', async () => {
  const world = new World();
  world.values.set('password', 's3cr3t');
  world.apply({ data: data('password') });
  await world.run();
  const before = traces(world);
  world.kube.remove(secrets, { namespace: 'shop', name: 'orders' });
  world.backendError = new PermissionDeniedError('the credentials are gone');
  world.leaving = true;
  const { reads } = world;
  assert.deepEqual(await world.run(), { requeueAfterMs: 10_000 });
  assert.deepEqual([traces(world), world.reads], [before, reads]);
});

test('a failure in the middle of which the namespace begins to go is none', async () => {
  const world = new World();
  world.apply({ data: data('password') });
  const before = traces(world);
  const get = world.values.get.bind(world.values);
  world.values.get = (key) => {
    world.leaving = true;
    return get(key);
  };
  assert.deepEqual(await world.run(), { requeueAfterMs: 10_000 });
  assert.deepEqual((traces(world) as unknown[]).slice(0, 2), (before as unknown[]).slice(0, 2));
});

test('an object that is deleted while it fails is not complained about', async () => {
  const world = new World();
  world.apply({ data: data('password') });
  const get = world.values.get.bind(world.values);
  world.values.get = (key) => {
    world.kube.remove(externalSecrets, { namespace: 'shop', name: 'orders' });
    return get(key);
  };
  assert.deepEqual(await world.run(), {});
  assert.deepEqual(world.told, []);
});

test('the peer’s finalizer holds nothing up', async () => {
  const world = new World();
  world.apply({ data: data('user') }, { finalizers: [PEER_FINALIZER, 'other/keep'] });
  await world.kube.delete(externalSecrets, { namespace: 'shop', name: 'orders' });
  await world.run();
  const left = world.kube.peek(externalSecrets, { namespace: 'shop', name: 'orders' });
  assert.deepEqual(left?.metadata.finalizers, ['other/keep']);
});

test('a source that changes in the middle of a pass is not forgotten at its end', async () => {
  const world = new World();
  world.values.set('user', 'u1');
  world.apply({ data: data('user') });
  await world.run();
  world.values.set('user', 'u2');
  const record = world.records.peek('shop/orders')!;
  record.outdated = true;
  const { events } = world.deps;
  const updated: typeof events.updated = (object, secret) => {
    record.outdated = true;
    events.updated(object, secret);
  };
  world.deps = { ...world.deps, events: { ...events, updated } };
  await world.run();
  world.values.set('user', 'u3');
  await world.run();
  assert.deepEqual(world.text(), { user: 'u3' });
});

test('after a restart nothing is read or written for what is in step', async () => {
  const world = new World();
  world.values.set('user', 'u1');
  world.apply({ data: data('user') });
  await world.run();
  const versions = (): unknown[] => [world.secret()?.metadata.resourceVersion, world.reads, world.ready()];
  const before = versions();
  world.deps = { ...world.deps, records: new Records() };
  await world.run();
  assert.deepEqual(versions(), before);
});

test('refreshed every 10 s, an unchanged object has its refresh time written once a minute (D9)', async () => {
  const world = new World();
  world.values.set('user', 'u1');
  world.apply({ data: data('user'), refreshInterval: '10s' });
  await world.run();
  const written = new Set<string | undefined>();
  const es = (): Stored<ExternalSecret> | undefined => world.kube.peek(externalSecrets, named('shop/orders'));
  for (let second = 0; second < 600; second += 10) {
    await world.clock.advance(10_000);
    await world.run();
    written.add(es()?.status?.refreshTime ?? undefined);
  }
  assert.ok(world.reads >= 60, `${world.reads} refreshes`);
  assert.ok(written.size >= 10 && written.size <= 12, `${written.size} refresh times`);
});
