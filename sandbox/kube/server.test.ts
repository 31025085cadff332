import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { ManualClock } from '../../test/builders/manual-clock.ts';
import { listAt, objectAt, textAt } from './json.ts';
import { widgetDefinition } from './parity/widget.ts';
import type { SandboxKube } from './server.ts';
import { startKube } from './server.ts';
import { MERGE, call, until, watch } from './test-client.ts';

const SECRETS = '/api/v1/namespaces/default/secrets';
const secret = (name: string, labels: Record<string, string> = {}) => ({ metadata: { name, labels } });

async function sandbox(t: TestContext, clock = new ManualClock()): Promise<SandboxKube> {
  const kube = await startKube({ clock, crds: [widgetDefinition] });
  t.after(() => kube.stop());
  return kube;
}

test('pages through a list as it was when the first page was served', async (t) => {
  const kube = await sandbox(t);
  for (const name of ['a', 'b', 'c']) await call(kube, 'POST', SECRETS, secret(name));
  const first = await call(kube, 'GET', `${SECRETS}?limit=2`);
  assert.equal(objectAt(first.body, 'metadata')['remainingItemCount'], 1);
  await call(kube, 'DELETE', `${SECRETS}/c`);
  await call(kube, 'POST', SECRETS, secret('d'));
  const second = await call(
    kube,
    'GET',
    `${SECRETS}?limit=2&continue=${textAt(first.body, 'metadata', 'continue') ?? ''}`,
  );
  assert.deepEqual(
    listAt(second.body, 'items').map((item) => textAt(item, 'metadata', 'name')),
    ['c'],
  );
});

test('refuses a continue token from before a compaction with 410', async (t) => {
  const kube = await sandbox(t);
  for (const name of ['a', 'b']) await call(kube, 'POST', SECRETS, secret(name));
  const first = await call(kube, 'GET', `${SECRETS}?limit=1`);
  await call(kube, 'POST', SECRETS, secret('c'));
  await kube.faults.compact();
  const second = await call(
    kube,
    'GET',
    `${SECRETS}?limit=1&continue=${textAt(first.body, 'metadata', 'continue') ?? ''}`,
  );
  assert.equal(second.status, 410);
  assert.equal(second.body['reason'], 'Expired');
});

test('a watch tells objects that enter and leave its selection as ADDED and DELETED', async (t) => {
  const kube = await sandbox(t);
  const { body } = await call(kube, 'GET', SECRETS);
  const open = await watch(
    kube,
    `${SECRETS}?watch=1&labelSelector=l%3D1&resourceVersion=${textAt(body, 'metadata', 'resourceVersion') ?? ''}`,
  );
  await call(kube, 'POST', SECRETS, secret('s'));
  await call(kube, 'PATCH', `${SECRETS}/s`, { metadata: { labels: { l: '1' } } }, MERGE);
  await call(kube, 'PATCH', `${SECRETS}/s`, { data: { a: 'YQ==' } }, MERGE);
  const left = await call(kube, 'PATCH', `${SECRETS}/s`, { metadata: { labels: { l: '2' } } }, MERGE);
  await until(() => open.events.length === 3);
  assert.deepEqual(
    open.events.map((event) => event.type),
    ['ADDED', 'MODIFIED', 'DELETED'],
  );
  assert.equal(textAt(open.events[2]?.object, 'metadata', 'labels', 'l'), '1', 'the object as it was');
  assert.equal(
    textAt(open.events[2]?.object, 'metadata', 'resourceVersion'),
    textAt(left.body, 'metadata', 'resourceVersion'),
  );
  open.close();
});

test('a watch from an old version replays what happened since', async (t) => {
  const kube = await sandbox(t);
  const { body } = await call(kube, 'GET', SECRETS);
  await call(kube, 'POST', SECRETS, secret('s'));
  await call(kube, 'DELETE', `${SECRETS}/s`);
  const open = await watch(
    kube,
    `${SECRETS}?watch=1&resourceVersion=${textAt(body, 'metadata', 'resourceVersion') ?? ''}`,
  );
  await until(() => open.events.length === 2);
  assert.deepEqual(
    open.events.map((event) => event.type),
    ['ADDED', 'DELETED'],
  );
  open.close();
});

test('a watch from a forgotten version gets an ERROR event with 410 and ends', async (t) => {
  const kube = await sandbox(t);
  const { body } = await call(kube, 'GET', SECRETS);
  await call(kube, 'POST', SECRETS, secret('s'));
  await kube.faults.compact();
  const open = await watch(
    kube,
    `${SECRETS}?watch=1&resourceVersion=${textAt(body, 'metadata', 'resourceVersion') ?? ''}`,
  );
  assert.equal(await open.ended, 'end');
  assert.equal(open.events[0]?.type, 'ERROR');
  assert.equal(open.events[0]?.object['code'], 410);
});

test('a watch sends bookmarks by the clock and ends after timeoutSeconds', async (t) => {
  const clock = new ManualClock();
  const kube = await sandbox(t, clock);
  const { body } = await call(kube, 'GET', SECRETS);
  const version = textAt(body, 'metadata', 'resourceVersion') ?? '';
  const open = await watch(
    kube,
    `${SECRETS}?watch=1&allowWatchBookmarks=true&timeoutSeconds=15&resourceVersion=${version}`,
  );
  await call(kube, 'POST', '/api/v1/namespaces/default/configmaps', { metadata: { name: 'elsewhere' } });
  await clock.advance(10_000);
  await until(() => open.events.length === 1);
  assert.equal(open.events[0]?.type, 'BOOKMARK');
  assert.ok(
    Number(textAt(open.events[0].object, 'metadata', 'resourceVersion')) > Number(version),
    'moves on with the whole server',
  );
  await clock.advance(5_000);
  assert.equal(await open.ended, 'end');
  assert.equal(open.events.at(-1)?.type, 'BOOKMARK', 'a last one at the end');
  assert.equal(clock.pendingTimers, 0);
});

test('sendInitialEvents streams the state and marks its end', async (t) => {
  const kube = await sandbox(t);
  await call(kube, 'POST', SECRETS, secret('s'));
  const open = await watch(
    kube,
    `${SECRETS}?watch=1&sendInitialEvents=true&allowWatchBookmarks=true&resourceVersionMatch=NotOlderThan`,
  );
  await until(() => open.events.length === 2);
  assert.equal(open.events[0]?.type, 'ADDED');
  assert.equal(textAt(open.events[1]?.object, 'metadata', 'annotations', 'k8s.io/initial-events-end'), 'true');
  open.close();
});

test('a metadata-only watch carries no data', async (t) => {
  const kube = await sandbox(t);
  const abort = new AbortController();
  const response = await fetch(`${kube.url}${SECRETS}?watch=1`, {
    headers: { accept: 'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1' },
    signal: abort.signal,
  });
  await call(kube, 'POST', SECRETS, { ...secret('s'), stringData: { a: 'hidden' } });
  const { value } = (await response.body?.getReader().read()) ?? {};
  const event = JSON.parse(Buffer.from(value ?? []).toString('utf8')) as { object: { kind: string; data?: unknown } };
  assert.equal(event.object.kind, 'PartialObjectMetadata');
  assert.equal(event.object.data, undefined);
  abort.abort();
});

test('a write that changes nothing neither bumps the version nor wakes a watch', async (t) => {
  const kube = await sandbox(t);
  const { body } = await call(kube, 'POST', SECRETS, { ...secret('s'), stringData: { a: '1' } });
  const again = await call(kube, 'PUT', `${SECRETS}/s`, body);
  assert.equal(textAt(again.body, 'metadata', 'resourceVersion'), textAt(body, 'metadata', 'resourceVersion'));
});

test('an object that nothing implements is answered with 501 naming it', async (t) => {
  const kube = await sandbox(t);
  const { status, body } = await call(kube, 'GET', '/apis/apps/v1/namespaces/default/statefulsets');
  assert.equal(status, 501);
  assert.match(textAt(body, 'message') ?? '', /statefulsets\.apps/);
});

test('data keys that are special to JavaScript survive every kind of write', async (t) => {
  const kube = await sandbox(t);
  const body = JSON.parse('{"metadata":{"name":"s"},"stringData":{"__proto__":"p","constructor":"c"}}') as {
    metadata: { name: string };
  };
  await call(kube, 'POST', SECRETS, body);
  await call(kube, 'PATCH', `${SECRETS}/s`, { metadata: { labels: { a: 'b' } } }, MERGE);
  const { body: stored } = await call(kube, 'GET', `${SECRETS}/s`);
  const data = new Map(Object.entries(objectAt(stored, 'data')));
  assert.deepEqual(
    data,
    new Map([
      ['__proto__', 'cA=='],
      ['constructor', 'Yw=='],
    ]),
  );
});

test('a definition with a rule that cannot be judged stops the start, named', async () => {
  const rules = [{ rule: 'self.a.isUnknown()' }];
  const spec = { ...objectAt(widgetDefinition, 'spec') };
  const schema = { openAPIV3Schema: { type: 'object', 'x-kubernetes-validations': rules } };
  const definition = {
    ...widgetDefinition,
    spec: { ...spec, versions: [{ name: 'v1', served: true, storage: true, schema }] },
  };
  await assert.rejects(
    startKube({ clock: new ManualClock(), crds: [definition] }),
    /self\.a\.isUnknown\(\).*unknown function isUnknown/,
  );
});

test('counts every request with its status', async (t) => {
  const kube = await sandbox(t);
  kube.resetRequests();
  await call(kube, 'GET', `${SECRETS}/none`);
  await call(kube, 'POST', SECRETS, secret('s'));
  await until(() => kube.requests().every((request) => request.status !== 0));
  assert.deepEqual(kube.requests(), [
    { method: 'GET', path: `${SECRETS}/none`, status: 404 },
    { method: 'POST', path: SECRETS, status: 201 },
  ]);
});

test('an authorizer decides requests and reviews alike', async (t) => {
  const kube = await sandbox(t);
  kube.authorize((attributes) => attributes.verb !== 'delete');
  await call(kube, 'POST', SECRETS, secret('s'));
  const { status, body } = await call(kube, 'DELETE', `${SECRETS}/s`);
  assert.equal(status, 403);
  assert.match(
    textAt(body, 'message') ?? '',
    /cannot delete resource "secrets" in API group "" in the namespace "default"/,
  );
  const review = { spec: { resourceAttributes: { verb: 'delete', resource: 'secrets' } } };
  const answer = await call(kube, 'POST', '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews', review);
  assert.deepEqual(answer.body['status'], { allowed: false });
});
