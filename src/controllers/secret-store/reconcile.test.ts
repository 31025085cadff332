import assert from 'node:assert/strict';
import { test } from 'node:test';
import { z } from 'zod';
import { secretStores, clusterSecretStores } from '../../api/resources.ts';
import type { SecretStore } from '../../api/secret-store.ts';
import type { KubeObject } from '../../kube/types.ts';
import { BackendUnavailableError, InvalidProviderConfigError, ValidityUnknownError } from '../../providers/errors.ts';
import type { ProviderDeclaration, StoreKind, Validity } from '../../providers/provider.ts';
import type { Session } from '../../providers/pool.ts';
import { RetryAfterError } from '../../runtime/errors.ts';
import { FakeKube } from '../../../test/builders/fake-kube.ts';
import { ManualClock } from '../../../test/builders/manual-clock.ts';
import type { StoreObject } from '../store-gate.ts';
import { reconcileStore, type StoreDeps } from './reconcile.ts';

class World {
  readonly clock = new ManualClock();
  readonly kube = new FakeKube({ clock: this.clock });
  readonly told: string[] = [];
  readonly retired: string[] = [];
  validity: Validity | Error = 'Ready';
  dependsOnNamespace = false;
  leaving = false;
  onCheck = (): void => {};
  sessions = 0;
  readonly #kind: StoreKind;

  constructor(kind: StoreKind = 'SecretStore') {
    this.#kind = kind;
  }

  get #resource(): typeof secretStores | typeof clusterSecretStores {
    return this.#kind === 'SecretStore' ? secretStores : clusterSecretStores;
  }

  apply(spec: object, meta: Partial<KubeObject['metadata']> = {}): void {
    const namespace = this.#kind === 'SecretStore' ? { namespace: 'shop' } : {};
    this.kube.put(this.#resource, { metadata: { ...namespace, name: 'sm', ...meta }, spec } as KubeObject);
  }

  run(): Promise<{ readonly requeueAfterMs?: number }> {
    const key = this.#kind === 'SecretStore' ? 'shop/sm' : 'sm';
    return reconcileStore(this.#deps(), key, new AbortController().signal);
  }

  store(): StoreObject | undefined {
    return this.kube.peek<SecretStore>(this.#resource, {
      namespace: this.#kind === 'SecretStore' ? 'shop' : undefined,
      name: 'sm',
    });
  }

  ready(): string {
    const condition = this.store()?.status?.conditions?.[0];
    return condition === undefined ? 'none' : `${condition.status} ${condition.reason} ${condition.message}`;
  }

  #deps(): StoreDeps {
    const declaration: ProviderDeclaration = {
      name: 'fake',
      spec: z.unknown(),
      capabilities: 'ReadWrite',
      maintenance: 'NotMaintained',
      check: () => ({ errors: [], warnings: [] }),
      dependsOnNamespace: () => this.dependsOnNamespace,
      load: () => Promise.reject(new Error('not used')),
    };
    return {
      kind: this.#kind,
      client: this.kube,
      clock: this.clock,
      random: () => 0,
      stores: { get: () => this.store() },
      isLeaving: (namespace) => this.leaving && namespace === 'shop',
      controllerClass: 'default',
      requeueIntervalMs: 300_000,
      providers: [declaration],
      acquire: async () => this.#session(),
      retire: (key) => void this.retired.push(key),
      events: {
        valid: (_store, message) => void this.told.push(`Valid: ${message}`),
        invalid: (_store, reason, message) => void this.told.push(`${reason}: ${message}`),
        maintenance: (_store, reason) => void this.told.push(reason),
      },
      metrics: { reconciled: () => {}, ready: () => {}, forget: () => {} },
      told: this.#told,
    };
  }

  readonly #told = new Map<string, string>();

  #session(): Session {
    this.sessions += 1;
    const validate = async (): Promise<Validity> => {
      this.onCheck();
      if (this.validity instanceof Error) throw this.validity;
      return this.validity;
    };
    return { reader: { validate }, release: () => {} } as unknown as Session;
  }
}

const fake = { provider: { fake: { data: [] } } };

test('a store whose credentials work is Valid, with its capabilities, and looked at again at the default interval', async () => {
  const world = new World();
  world.apply(fake);
  assert.deepEqual(await world.run(), { requeueAfterMs: 270_000 });
  assert.match(world.ready(), /^True Valid/);
  assert.equal(world.store()?.status?.capabilities, 'ReadWrite');
});

test('a store that cannot be checked is used, says so with a warning, and is looked at again at the interval', async () => {
  const world = new World();
  world.validity = new ValidityUnknownError('may not ask');
  world.apply(fake);
  assert.deepEqual(await world.run(), { requeueAfterMs: 270_000 });
  assert.equal(world.ready(), 'True ValidationUnknown may not ask');
  assert.equal(world.store()?.status?.capabilities, 'ReadWrite');
  assert.ok(world.told.includes('ValidationUnknown: may not ask'), world.told.join());
});

test('the store’s own interval counts, in seconds or as a duration', async () => {
  for (const [refreshInterval, expected] of [
    [30, 27_000],
    ['2m', 108_000],
    [0, 270_000],
  ] as const) {
    const world = new World();
    world.apply({ ...fake, refreshInterval });
    assert.deepEqual(await world.run(), { requeueAfterMs: expected });
  }
});

test('events are told on transitions only, and the status is written only when it changed', async () => {
  const world = new World();
  world.apply(fake);
  await world.run();
  const version = world.store()?.metadata.resourceVersion;
  await world.run();
  assert.deepEqual(world.told, ['Valid: store validated', 'StoreUnmaintained']);
  assert.equal(world.store()?.metadata.resourceVersion, version);
});

test('the annotation silences the maintenance event', async () => {
  const world = new World();
  world.apply(fake, { annotations: { 'external-secrets.io/ignore-maintenance-checks': '' } });
  await world.run();
  assert.deepEqual(world.told, ['Valid: store validated']);
});

test('a store that cannot work says why, keeps its capabilities and is tried again with backoff', async () => {
  const world = new World();
  world.apply(fake);
  await world.run();
  const cause = new InvalidProviderConfigError('Secret "aws" not found in namespace "shop"');
  world.validity = cause;
  await assert.rejects(world.run(), cause);
  assert.equal(world.ready(), 'False InvalidProviderConfig Secret "aws" not found in namespace "shop"');
  assert.equal(world.store()?.status?.capabilities, 'ReadWrite');
});

test('an unreachable backend is asked again soon, without growing the backoff', async () => {
  const world = new World();
  world.apply(fake);
  world.validity = new BackendUnavailableError('https://vault: connection refused');
  await assert.rejects(world.run(), RetryAfterError);
  assert.match(world.ready(), /^False InvalidProviderConfig https:\/\/vault: connection refused/);
});

test('a provider of another build is said to be unavailable, and its object is kept', async () => {
  const world = new World();
  world.apply({ provider: { doppler: { url: 'x' } } });
  await world.run();
  assert.equal(world.ready(), 'False InvalidProviderConfig provider "doppler" is not available in this build');
  assert.deepEqual(world.store()?.spec?.provider, { doppler: { url: 'x' } });
});

test('a cluster store whose credentials belong to its users is Valid without a session, and says so', async () => {
  const world = new World('ClusterSecretStore');
  world.dependsOnNamespace = true;
  world.apply(fake);
  await world.run();
  assert.match(world.ready(), /^True Valid .*checked there/);
  assert.equal(world.sessions, 0);
});

test('a store of another class gets no status', async () => {
  const world = new World();
  world.apply({ ...fake, controller: 'other' });
  assert.deepEqual(await world.run(), {});
  assert.equal(world.ready(), 'none');
});

test('a store that is gone takes its sessions along', async () => {
  const world = new World();
  await world.run();
  assert.deepEqual(world.retired, ['shop/sm']);
});

test('in a namespace that terminates nothing is held against a store whose credentials went first', async () => {
  const world = new World();
  world.apply(fake);
  await world.run();
  const { told, sessions } = structuredClone({ told: world.told, sessions: world.sessions });
  world.validity = new InvalidProviderConfigError('Secret "account" not found');
  world.leaving = true;
  assert.deepEqual(await world.run(), { requeueAfterMs: 10_000 });
  assert.match(world.ready(), /^True Valid/);
  assert.deepEqual([world.told, world.sessions], [told, sessions]);
});

test('a store that is deleted while it is checked is not complained about', async () => {
  const world = new World();
  world.apply(fake);
  world.validity = new InvalidProviderConfigError('Secret "account" not found');
  world.onCheck = () => world.kube.remove(secretStores, { namespace: 'shop', name: 'sm' });
  assert.deepEqual(await world.run(), {});
});
