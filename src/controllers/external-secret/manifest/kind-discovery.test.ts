import assert from 'node:assert/strict';
import { test } from 'node:test';
import { NotFoundError, UnreachableError } from '../../../kube/errors.ts';
import { Problem } from '../problem.ts';
import { KindDiscovery } from './kind-discovery.ts';

const { signal } = new AbortController();

/** An API server that answers these paths, and the paths it was asked for. */
function serving(answers: Readonly<Record<string, unknown>>) {
  const asked: string[] = [];
  const raw = async (_method: string, path: string): Promise<unknown> => {
    asked.push(path);
    const answer = answers[path];
    if (answer instanceof Error) throw answer;
    if (answer === undefined) throw new NotFoundError('page not found', { status: 404 });
    return answer;
  };
  return { asked, discovery: new KindDiscovery({ raw }) };
}

const core = {
  resources: [
    { name: 'configmaps', kind: 'ConfigMap', namespaced: true },
    { name: 'namespaces', kind: 'Namespace', namespaced: false },
    { name: 'pods/eviction', kind: 'Eviction', namespaced: true },
  ],
};
const gateways = { resources: [{ name: 'gateways', kind: 'Gateway', namespaced: true }] };

test('a kind is asked for once', async () => {
  const { asked, discovery } = serving({ '/apis/net.example.org/v1': gateways });
  const gateway = { apiVersion: 'net.example.org/v1', kind: 'Gateway' };
  const found = await discovery.resourceOf(gateway, signal);
  assert.deepEqual(found, {
    group: 'net.example.org',
    version: 'v1',
    plural: 'gateways',
    kind: 'Gateway',
    namespaced: true,
  });
  await discovery.resourceOf(gateway, signal);
  assert.deepEqual(asked, ['/apis/net.example.org/v1']);
  discovery.forget(found);
  await discovery.resourceOf(gateway, signal);
  assert.equal(asked.length, 2);
});

test('kinds of the core group are found where they live', async () => {
  const { discovery } = serving({ '/api/v1': core });
  assert.equal((await discovery.resourceOf({ apiVersion: 'v1', kind: 'ConfigMap' }, signal)).plural, 'configmaps');
});

async function problemOf(
  discovery: KindDiscovery,
  apiVersion: string,
  kind: string,
): Promise<[RegExp | string, boolean]> {
  const error: unknown = await discovery.resourceOf({ apiVersion, kind }, signal).catch((thrown: unknown) => thrown);
  assert.ok(error instanceof Problem);
  return [error.message, error.permanent];
}

test('a kind that the cluster does not have is named, and may come later', async () => {
  const { discovery } = serving({ '/api/v1': core });
  for (const [apiVersion, kind] of [
    ['nope.example.org/v1', 'Gateway'],
    ['v1', 'Gateway'],
    ['v1', 'Eviction'],
    ['../v1', 'ConfigMap'],
  ] as const) {
    const [message, permanent] = await problemOf(discovery, apiVersion, kind);
    assert.match(String(message), new RegExp(`this cluster has no kind "${kind}" in apiVersion`));
    assert.equal(permanent, false);
  }
});

test('cluster-scoped kinds and what is no apiVersion are refused for good', async () => {
  const { discovery } = serving({ '/api/v1': core });
  for (const [apiVersion, kind, wanted] of [
    ['v1', 'Namespace', /cluster-scoped/],
    ['a/b/c', 'Thing', /is not "version" or "group\/version"/],
    ['a/', 'Thing', /is not "version" or "group\/version"/],
  ] as const) {
    const [message, permanent] = await problemOf(discovery, apiVersion, kind);
    assert.match(String(message), wanted);
    assert.equal(permanent, true);
  }
});

test('an API server that cannot be reached is no missing kind', async () => {
  const { discovery } = serving({ '/api/v1': new UnreachableError('gone', { status: 0 }) });
  await assert.rejects(discovery.resourceOf({ apiVersion: 'v1', kind: 'ConfigMap' }, signal), UnreachableError);
});
