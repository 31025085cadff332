/** When a backend is read, row by row: refresh policies, sync windows, and what makes a target invalid (`behaviour.md` 1.4, 1.5). */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { externalSecrets, secrets } from '../../src/api/resources.ts';
import type { ExternalSecret } from '../../src/api/external-secret.ts';
import { entry, externalSecret, from, secret, type ExternalSecretSpecInput } from '../builders/objects.ts';
import { requires, useEnv } from './current-env.ts';
import { changeValues, fakeWorld, settled } from './fake-store.ts';
import { force } from './force-sync.ts';
import { dataOf, holds, isSynced, readyOf, secretOf } from './views.ts';

const env = await useEnv();
let operator = await env.startOperator();

type Spec = Partial<ExternalSecretSpecInput>;
type Act = (namespace: string) => Promise<unknown>;

/** How far the operator's clock is ahead of the machine's. */
let aheadMs = 0;
async function pass(ms: number): Promise<void> {
  aheadMs += ms;
  await env.advance(ms);
}

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

/** The ExternalSecret `app`: `token` of the store into the Secret `app`. */
function app(namespace: string, spec: Spec = {}): ReturnType<typeof externalSecret> {
  const made = externalSecret(namespace, 'app', from('store'), entry('token', 'token'));
  return { ...made, spec: { ...made.spec, ...spec } };
}

async function statusOf(namespace: string): Promise<NonNullable<ExternalSecret['status']>> {
  return (await env.kube.get<ExternalSecret>(externalSecrets, { namespace, name: 'app' })).status ?? {};
}

const label: Act = (namespace) =>
  env.kube.patch(externalSecrets, { namespace, name: 'app' }, { metadata: { labels: { touched: 'yes' } } });
const annotate: Act = (namespace) => force(env, namespace, 'app');
const changeSpec: Act = (namespace) =>
  env.kube.patch(externalSecrets, { namespace, name: 'app' }, { spec: { target: { deletionPolicy: 'Merge' } } });
const deleteTarget: Act = (namespace) => env.kube.delete(secrets, { namespace, name: 'app' });
const editTarget: Act = (namespace) =>
  env.kube.patch(
    secrets,
    { namespace, name: 'app' },
    { data: { token: btoa('edited') } },
    { fieldManager: 'kubectl-edit' },
  );
const nothing: Act = async () => undefined;

const never: Spec = { refreshInterval: '0' };
const createdOnce: Spec = { refreshPolicy: 'CreatedOnce', refreshInterval: '1m' };
const onChange: Spec = { refreshPolicy: 'OnChange', refreshInterval: '1m' };
const hourly: Spec = { refreshInterval: '1h' };

/** After a first sync the value at the backend changes, then something happens: is the new value fetched? */
const rows: readonly [string, Spec, Act, 'fetched' | 'not fetched'][] = [
  ['CreatedOnce and a changed spec', createdOnce, changeSpec, 'not fetched'],
  ['CreatedOnce and a changed label', createdOnce, label, 'not fetched'],
  ['CreatedOnce and a changed annotation', createdOnce, annotate, 'not fetched'],
  ['CreatedOnce and a deleted target', createdOnce, deleteTarget, 'fetched'],
  ['CreatedOnce and an edited target', createdOnce, editTarget, 'fetched'],
  ['OnChange and a changed spec', onChange, changeSpec, 'fetched'],
  ['OnChange and a changed label', onChange, label, 'fetched'],
  ['OnChange and a changed annotation', onChange, annotate, 'fetched'],
  ['OnChange and a deleted target', onChange, deleteTarget, 'fetched'],
  ['interval 0 and a changed spec', never, changeSpec, 'not fetched'],
  ['interval 0 and a changed label', never, label, 'not fetched'],
  ['interval 0 and a changed annotation', never, annotate, 'not fetched'],
  ['interval 0 and a deleted target', never, deleteTarget, 'fetched'],
  ['a negative interval and a changed spec', { refreshInterval: '-1h' }, changeSpec, 'not fetched'],
  ['Periodic and nothing at all', hourly, nothing, 'not fetched'],
  ['Periodic and a changed spec', hourly, changeSpec, 'fetched'],
  ['Periodic and a changed label', hourly, label, 'fetched'],
  ['Periodic and a changed annotation', hourly, annotate, 'fetched'],
  ['Periodic and a deleted target', hourly, deleteTarget, 'fetched'],
  ['Periodic and an edited target', hourly, editTarget, 'fetched'],
];
for (const [name, spec, act, wanted] of rows) {
  test(`${name}: ${wanted}`, async () => {
    const namespace = await fakeWorld(env, 'refresh', { token: 'old' });
    await env.apply(app(namespace, spec));
    await isSynced(env, namespace, 'app');
    await changeValues(env, namespace, { token: 'new' });
    const before = await statusOf(namespace);
    await act(namespace);
    if (wanted === 'fetched') {
      await holds(env, namespace, 'app', { token: 'new' });
    } else {
      await settled(env, namespace);
      assert.deepEqual(await dataOf(env, namespace, 'app'), { token: 'old' });
      assert.equal((await statusOf(namespace)).syncedResourceVersion, before.syncedResourceVersion);
    }
  });
}

const time = requires(env, 'fast-time', 'intervals pass');

const intervals: readonly [string, Spec, number, 'fetched' | 'not fetched'][] = [
  ['Periodic after its interval', { refreshInterval: '20m' }, 41 * MINUTE, 'fetched'],
  ['CreatedOnce after hours', createdOnce, 2 * HOUR, 'not fetched'],
  ['OnChange after hours', onChange, 2 * HOUR, 'not fetched'],
  ['interval 0 after hours', never, 2 * HOUR, 'not fetched'],
];
for (const [name, spec, ms, wanted] of intervals) {
  test(`${name}: ${wanted}`, time, async () => {
    const namespace = await fakeWorld(env, 'interval', { token: 'old' });
    await env.apply(app(namespace, spec));
    await isSynced(env, namespace, 'app');
    await changeValues(env, namespace, { token: 'new' });
    await pass(ms);
    await settled(env, namespace);
    if (wanted === 'fetched') await holds(env, namespace, 'app', { token: 'new' });
    else assert.deepEqual(await dataOf(env, namespace, 'app'), { token: 'old' });
  });
}

test('Periodic before its interval is over: not fetched', time, async () => {
  const namespace = await fakeWorld(env, 'interval', { token: 'old' });
  await env.apply(app(namespace, { refreshInterval: '20m' }));
  await isSynced(env, namespace, 'app');
  await changeValues(env, namespace, { token: 'first wave' });
  await joinWave(namespace, 'first wave', 20);
  await changeValues(env, namespace, { token: 'new' });
  await pass(15 * MINUTE);
  await settled(env, namespace);
  assert.deepEqual(await dataOf(env, namespace, 'app'), { token: 'first wave' });
});

/** The first period may be shortened to join the others of its interval (D53): "before the interval" is counted from there. */
async function joinWave(namespace: string, token: string, minutes: number): Promise<void> {
  for (let minute = 0; minute <= minutes; minute++) {
    await pass(MINUTE);
    await settled(env, namespace);
    if ((await dataOf(env, namespace, 'app'))?.['token'] === token) return;
  }
  assert.fail(`no refresh within ${minutes} minutes`);
}

test('policies without an interval are not looked at again and again', time, async () => {
  const namespace = await fakeWorld(env, 'calm', { token: 't' });
  await env.apply(app(namespace, createdOnce));
  await isSynced(env, namespace, 'app');
  await settled(env, namespace);
  const passes = async (): Promise<number> => {
    const series = `externalsecret_sync_calls_total{name="app",namespace="${namespace}"}`;
    const line = (await env.metrics()).split('\n').find((each) => each.startsWith(series));
    assert.notEqual(line, undefined);
    return Number(line!.split(' ').at(-1));
  };
  const before = await passes();
  await pass(3 * HOUR);
  assert.equal(await passes(), before);
});

test('a refresh time that lies in the future is not trusted', async () => {
  const namespace = await fakeWorld(env, 'future', { token: 'old' });
  await env.apply(app(namespace, hourly));
  await isSynced(env, namespace, 'app');
  await changeValues(env, namespace, { token: 'new' });
  await operator.stop();
  const refreshTime = new Date(Date.now() + aheadMs + 5 * HOUR).toISOString().replace(/\.\d+/, '');
  await env.kube.patch(
    externalSecrets,
    { namespace, name: 'app' },
    { status: { refreshTime } },
    { subresource: 'status' },
  );
  operator = await env.startOperator();
  await holds(env, namespace, 'app', { token: 'new' });
});

test('a failure moves neither the refresh time nor the synced version', async () => {
  const namespace = await fakeWorld(env, 'failed', { token: 't' });
  await env.apply(app(namespace, hourly));
  await isSynced(env, namespace, 'app');
  const before = await statusOf(namespace);
  await changeValues(env, namespace, { other: 'x' });
  await force(env, namespace, 'app');
  await env.eventually(async () =>
    assert.match(await readyOf(env, externalSecrets, namespace, 'app'), /^False SecretSyncedError/),
  );
  const after = await statusOf(namespace);
  assert.equal(after.refreshTime, before.refreshTime);
  assert.equal(after.syncedResourceVersion, before.syncedResourceVersion);
});

// ---- sync windows

/** `0 <hour> * * *`, at the hour that begins `hours` after the one that runs. */
function atHour(hours: number): string {
  return `0 ${new Date(Date.now() + aheadMs + hours * HOUR).getUTCHours()} * * *`;
}

const windowed = (kind: 'allow' | 'deny', schedule: string, duration: string): Spec => ({
  refreshInterval: '5m',
  syncWindows: { kind, windows: [{ schedule, duration }] },
});

const windows: readonly [string, () => Spec, 'fetched' | 'not fetched'][] = [
  ['allow, outside its window', () => windowed('allow', atHour(2), '1h'), 'not fetched'],
  ['allow, inside its window', () => windowed('allow', atHour(0), '3h'), 'fetched'],
  ['deny, inside its window', () => windowed('deny', atHour(0), '3h'), 'not fetched'],
  ['deny, outside its window', () => windowed('deny', atHour(2), '1h'), 'fetched'],
];
for (const [name, spec, wanted] of windows) {
  test(`sync windows: ${name}: ${wanted}`, time, async () => {
    const namespace = await fakeWorld(env, 'window', { token: 'old' });
    await env.apply(app(namespace, spec()));
    // The first sync does not ask.
    await holds(env, namespace, 'app', { token: 'old' });
    await changeValues(env, namespace, { token: 'new' });
    await pass(30 * MINUTE);
    if (wanted === 'fetched') return holds(env, namespace, 'app', { token: 'new' });
    await settled(env, namespace);
    assert.deepEqual(await dataOf(env, namespace, 'app'), { token: 'old' });
    // When the window opens or closes the refresh is made up for.
    await pass(3 * HOUR);
    return holds(env, namespace, 'app', { token: 'new' });
  });
}

for (const [name, act] of [
  ['a changed spec', changeSpec],
  ['a forced sync', annotate],
  ['the repair of a target', deleteTarget],
] as const) {
  test(`sync windows: ${name} does not ask`, async () => {
    const namespace = await fakeWorld(env, 'window', { token: 'old' });
    await env.apply(app(namespace, windowed('allow', atHour(2), '1h')));
    await isSynced(env, namespace, 'app');
    await changeValues(env, namespace, { token: 'new' });
    await act(namespace);
    await holds(env, namespace, 'app', { token: 'new' });
  });
}

// ---- validity of the target

const HASH = 'reconcile.external-secrets.io/data-hash';
const MANAGED = 'reconcile.external-secrets.io/managed';
type Policy = 'Owner' | 'Orphan' | 'CreateOrMerge' | 'Merge';

const patchTarget =
  (patch: object): Act =>
  (namespace) =>
    env.kube.patch(secrets, { namespace, name: 'app' }, patch, { fieldManager: 'kubectl-edit' });

const damages: readonly [string, Act][] = [
  ['edited data', editTarget],
  ['an added key and an edited one', patchTarget({ data: { more: 'eA==', token: btoa('edited') } })],
  ['an edited hash annotation', patchTarget({ metadata: { annotations: { [HASH]: 'x' } }, data: { token: 'eA==' } })],
  ['a removed managed label', patchTarget({ metadata: { labels: { [MANAGED]: null } }, data: { token: 'eA==' } })],
];
for (const policy of ['Owner', 'CreateOrMerge', 'Merge', 'Orphan'] satisfies Policy[]) {
  for (const [name, damage] of damages) {
    const isRepaired = policy !== 'Orphan';
    test(`${policy}, ${name}: ${isRepaired ? 'repaired at once' : 'left until the next refresh'}`, async () => {
      const namespace = await fakeWorld(env, 'validity', { token: 't' });
      if (policy === 'Merge') await env.apply(secret(namespace, 'app', {}));
      await env.apply(app(namespace, { target: { creationPolicy: policy } }));
      await holds(env, namespace, 'app', { token: 't' });
      await damage(namespace);
      const token = async (): Promise<string | undefined> => (await dataOf(env, namespace, 'app'))?.['token'];
      if (!isRepaired) {
        await settled(env, namespace);
        assert.notEqual(await token(), 't');
        await force(env, namespace, 'app');
      }
      await env.eventually(async () => assert.equal(await token(), 't'));
      await env.eventually(async () => {
        const { labels = {}, annotations = {} } = (await secretOf(env, namespace, 'app'))!.metadata;
        assert.equal(labels[MANAGED], 'true');
        assert.match(annotations[HASH] ?? '', /^[0-9a-f]{56}$/);
      });
    });
  }
}

test('labels that somebody removes come back with the next refresh, not before', async () => {
  const namespace = await fakeWorld(env, 'labels', { token: 't' });
  await env.apply(app(namespace, { target: { template: { metadata: { labels: { team: 'shop' } } } } }));
  await holds(env, namespace, 'app', { token: 't' });
  await patchTarget({ metadata: { labels: { team: null } } })(namespace);
  const team = async (): Promise<string | undefined> =>
    (await secretOf(env, namespace, 'app'))!.metadata.labels?.['team'];
  await settled(env, namespace);
  assert.equal(await team(), undefined);
  await force(env, namespace, 'app');
  await env.eventually(async () => assert.equal(await team(), 'shop'));
});

test('under Merge the hash covers the keys of others too', async () => {
  const namespace = await fakeWorld(env, 'hash', { token: 't' });
  await env.apply(secret(namespace, 'app', { theirs: 'a' }), app(namespace, { target: { creationPolicy: 'Merge' } }));
  await holds(env, namespace, 'app', { theirs: 'a', token: 't' });
  const hash = async (): Promise<string | undefined> =>
    (await secretOf(env, namespace, 'app'))!.metadata.annotations?.[HASH];
  const before = await hash();
  await patchTarget({ data: { theirs: btoa('b') } })(namespace);
  await env.eventually(async () => assert.notEqual(await hash(), before));
  assert.deepEqual(await dataOf(env, namespace, 'app'), { theirs: 'b', token: 't' });
});

test('None does not fetch again because its Secret is not there', async () => {
  const namespace = await fakeWorld(env, 'none', { token: 't' });
  await env.apply(app(namespace, { target: { creationPolicy: 'None' } }));
  await isSynced(env, namespace, 'app');
  // Without the value a fetch would fail.
  await changeValues(env, namespace, { other: 'x' });
  await env.apply(secret(namespace, 'app', { theirs: 'a' }));
  await env.kube.delete(secrets, { namespace, name: 'app' });
  await settled(env, namespace);
  assert.match(await readyOf(env, externalSecrets, namespace, 'app'), /^True SecretSynced/);
});
