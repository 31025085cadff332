import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ManualClock } from '../../test/builders/manual-clock.ts';
import { MemoryCluster } from '../../test/conformance/cluster.ts';
import { SecretValue } from '../secret-value.ts';
import { BackendUnavailableError, CircuitOpenError, InvalidProviderConfigError } from './errors.ts';
import { ClientPool, type PoolStore } from './pool.ts';
import type { ProviderDeclaration, SessionContext, StoreKind } from './provider.ts';

interface Spec {
  readonly perNamespace: boolean;
}

function world() {
  const clock = new ManualClock();
  const cluster = new MemoryCluster(clock);
  cluster.putSecret('shop', 'creds', { key: 'one' });
  cluster.putSecret('team', 'creds', { key: 'two' });
  const opened: { namespace: string; credential: string; closed: boolean; signal: AbortSignal }[] = [];
  const state: { failure: Error | undefined; closing: Promise<void> | undefined } = {
    failure: undefined,
    closing: undefined,
  };
  const declaration: ProviderDeclaration<Spec> = {
    name: 'test',
    spec: undefined as never,
    capabilities: 'ReadOnly',
    maintenance: 'Maintained',
    check: () => ({ errors: [], warnings: [] }),
    dependsOnNamespace: ({ perNamespace }) => perNamespace,
    load: async () => ({
      values: { select: (raw) => raw, entries: () => new Map() },
      async open({ cluster: access, namespace, signal }: SessionContext<Spec>) {
        const where = namespace === '' ? { name: 'creds', namespace: 'shop' } : { name: 'creds' };
        const credential = (await access.secretKey('auth', { ...where, key: 'key' })).revealText();
        if (state.failure !== undefined) throw state.failure;
        const session = { namespace, credential, closed: false, signal };
        opened.push(session);
        return {
          batchSize: 1,
          read: async (refs) => refs.map(() => ({ ok: true, value: SecretValue.ofText(credential) })),
          validate: async () => 'Ready',
          close: async () => {
            await state.closing;
            session.closed = true;
          },
        };
      },
    }),
  };
  const pool = new ClientPool({
    clock,
    random: () => 0,
    cluster,
    environment: { awsEndpoints: {}, awsDefaults: {}, allowTargets: [], controllerCredentialsForAll: true },
    find: (provider) => ({ declaration, spec: provider }),
  });
  const acquire = (stored: PoolStore, namespace = 'shop', controller = new AbortController()) =>
    pool.acquire(stored, namespace, controller.signal);
  return { clock, cluster, opened, state, pool, acquire };
}

function store(
  options: { kind?: StoreKind; uid?: string; generation?: number; perNamespace?: boolean } = {},
): PoolStore {
  const { kind = 'SecretStore', uid = 'u1', generation = 1, perNamespace = false } = options;
  const namespace = kind === 'SecretStore' ? 'shop' : '';
  return { identity: { kind, namespace, name: 'store', uid, generation }, provider: { perNamespace } };
}

test('consumers of one store share one session, opened once', async () => {
  const { acquire, opened } = world();
  const sessions = await Promise.all(Array.from({ length: 50 }, () => acquire(store())));
  assert.equal(opened.length, 1);
  assert.equal(new Set(sessions.map(({ reader }) => reader)).size, 1);
});

test('stores never share a session', async () => {
  const { acquire, opened } = world();
  const [one, two] = await Promise.all([acquire(store({ uid: 'a' })), acquire(store({ uid: 'b' }))]);
  assert.equal(opened.length, 2);
  assert.notEqual(one.identityKey, two.identityKey);
});

test('a ClusterSecretStore is one identity, or one per namespace when its credentials depend on it', async () => {
  const { acquire, opened } = world();
  const shared = store({ kind: 'ClusterSecretStore', uid: 'c1' });
  await Promise.all([acquire(shared, 'shop'), acquire(shared, 'team')]);
  assert.deepEqual(
    opened.map(({ namespace }) => namespace),
    [''],
  );
  const own = store({ kind: 'ClusterSecretStore', uid: 'c2', perNamespace: true });
  await Promise.all([acquire(own, 'shop'), acquire(own, 'team')]);
  assert.deepEqual(
    opened
      .slice(1)
      .map(({ credential }) => credential)
      .sort(),
    ['one', 'two'],
  );
});

test('a rotated credential gives the next consumer a new session; the old one ends with its last borrower', async () => {
  const { acquire, cluster, opened, pool, clock } = world();
  const before = await acquire(store());
  cluster.putSecret('shop', 'creds', { key: 'rotated' });
  const after = await acquire(store());
  assert.deepEqual(
    opened.map(({ credential }) => credential),
    ['one', 'rotated'],
  );
  assert.notEqual(before.identityKey, after.identityKey);
  assert.equal(opened[0]!.closed, false);
  before.release();
  await clock.advance(0);
  assert.equal(opened[0]!.closed, true);
  assert.equal(opened[0]!.signal.aborted, true);
  assert.equal(opened[1]!.closed, false);
  assert.equal(pool.size, 1);
});

test('a changed store is a new identity, a late reader of the old one gets the new', async () => {
  const { acquire, opened } = world();
  await acquire(store({ generation: 1 }));
  const newer = await acquire(store({ generation: 2 }));
  const late = await acquire(store({ generation: 1 }));
  assert.equal(opened.length, 2);
  assert.equal(late.reader, newer.reader);
});

test('a failed opening is told to who waited and tried again by the next', async () => {
  const { acquire, state, opened } = world();
  state.failure = new InvalidProviderConfigError('wrong');
  const both = await Promise.allSettled([acquire(store()), acquire(store())]);
  assert.ok(both.every(({ status }) => status === 'rejected'));
  state.failure = undefined;
  await acquire(store());
  assert.equal(opened.length, 1);
});

test('a backend that cannot be reached for login is left alone after five tries', async () => {
  const { acquire, state } = world();
  state.failure = new BackendUnavailableError('down');
  for (let failure = 0; failure < 5; failure++) await assert.rejects(acquire(store()), BackendUnavailableError);
  await assert.rejects(acquire(store()), CircuitOpenError);
  state.failure = undefined;
});

test('a session nobody used for five minutes is closed, and opened again when needed', async () => {
  const { acquire, clock, opened, pool } = world();
  const first = await acquire(store());
  first.release();
  await clock.advance(4 * 60_000);
  const second = await acquire(store());
  await clock.advance(10 * 60_000);
  assert.equal(opened[0]!.closed, false);
  second.release();
  second.release();
  await clock.advance(5 * 60_000);
  assert.equal(opened[0]!.closed, true);
  assert.equal(pool.size, 0);
  assert.equal(clock.pendingTimers, 0);
  await acquire(store());
  assert.equal(opened.length, 2);
});

test('retiring a store ends its sessions with their last borrower', async () => {
  const { acquire, clock, opened, pool } = world();
  const session = await acquire(store());
  pool.retireStore('u1');
  assert.equal(opened[0]!.closed, false);
  session.release();
  await clock.advance(0);
  assert.equal(opened[0]!.closed, true);
});

test('closing the pool ends everything, and does not wait for ever', async () => {
  const { acquire, clock, opened, pool, state } = world();
  const session = await acquire(store());
  state.closing = new Promise(() => {});
  const closed = pool.close(1_000);
  await clock.advance(1_000);
  await closed;
  assert.equal(opened[0]!.signal.aborted, true);
  assert.equal(clock.pendingTimers, 0);
  await assert.rejects(acquire(store()), { name: 'AbortError' });
  await assert.rejects(session.reader.read({ key: 'a' }, { notBefore: 0, signal: new AbortController().signal }), {
    name: 'AbortError',
  });
});

test('who gives up while a session opens leaves nothing behind', async () => {
  const { pool, opened, clock } = world();
  const controller = new AbortController();
  const asked = pool.acquire(store(), 'shop', controller.signal);
  controller.abort(new Error('gone'));
  await assert.rejects(asked, /gone/);
  await clock.advance(0);
  assert.ok(opened.every(({ closed }) => closed));
  assert.equal(pool.size, 0);
});
