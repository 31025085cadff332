import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Stored } from '../../../kube/types.ts';
import type { CreationPolicy, Owner } from '../build-target.ts';
import { CREATED_BY_LABEL, DATA_HASH_ANNOTATION, fieldManagerOf, MANAGED_LABEL } from '../names.ts';
import { Problem } from '../problem.ts';
import { buildManifest, hashOf, isUnchanged, type ManifestObject } from './build.ts';
import type { DesiredManifest, Write } from './render.ts';

const owner = (creationPolicy: CreationPolicy = 'Owner'): Owner => ({
  namespace: 'shop',
  name: 'app',
  uid: 'es-1',
  creationPolicy,
});

function desired(writes: readonly (readonly [Write['path'], Write['value']])[], kind = 'Gateway'): DesiredManifest {
  return {
    kind: { apiVersion: 'example.org/v1', kind },
    name: 'app',
    labels: { team: 'shop' },
    annotations: {},
    writes: writes.map(([path, value]) => ({ path, value, merge: false })),
  };
}

/** As the API server has it; `owned` is what our field manager wrote. */
function existing(content: object, owned: object = {}, metadata: object = {}): Stored<ManifestObject> {
  return {
    apiVersion: 'example.org/v1',
    kind: 'Gateway',
    metadata: {
      namespace: 'shop',
      name: 'app',
      uid: 'gateway-1',
      resourceVersion: '7',
      managedFields: [{ manager: fieldManagerOf('app'), operation: 'Update', time: 't', fieldsV1: { ...owned } }],
      ...metadata,
    },
    ...content,
  };
}

test('a new object begins with an empty spec, one that holds data with empty data', () => {
  assert.deepEqual(buildManifest(owner(), desired([]), undefined)['spec'], {});
  for (const kind of ['ConfigMap', 'Secret']) {
    const made = buildManifest(owner(), desired([], kind), undefined);
    assert.deepEqual(made['data'], {});
    assert.equal('spec' in made, false);
  }
});

test('it carries the marks of a target, and the hash of its spec or else of its data', () => {
  const { metadata } = buildManifest(owner(), desired([[['spec', 'a'], '1']]), undefined);
  assert.equal(metadata.labels?.[MANAGED_LABEL], 'true');
  assert.equal(metadata.labels?.['team'], 'shop');
  assert.notEqual(metadata.labels?.[CREATED_BY_LABEL], undefined);
  assert.equal(metadata.annotations?.[DATA_HASH_ANNOTATION], hashOf({ spec: { a: '1' } }));
  assert.equal(metadata.ownerReferences?.[0]?.uid, 'es-1');
  // The object of behaviour.md 0.2.
  const spec = { a: 1, b: { c: 'd' }, l: ['x', true, null, 1.5], e: '' };
  assert.equal(hashOf({ spec, data: { x: 'y' } }), 'ba39c29c9fd123f964c39304ad115791db7aad84e50f57c2cb796f51');
  assert.equal(hashOf({ data: spec }), hashOf({ spec }));
});

test('Owner and Orphan replace all content; labels and finalizers of others and the status stay', () => {
  const before = existing(
    { spec: { old: 1, port: 443 }, extra: 1, status: { ready: true } },
    {},
    { labels: { theirs: 'x' }, finalizers: ['their/finalizer'] },
  );
  for (const policy of ['Owner', 'Orphan'] as const) {
    const next = buildManifest(owner(policy), desired([[['spec', 'a'], 1]]), before);
    assert.deepEqual(next['spec'], { a: 1 });
    assert.equal('extra' in next, false);
    assert.deepEqual(next['status'], { ready: true });
    assert.equal(next.metadata.labels?.['theirs'], 'x');
    assert.deepEqual(next.metadata.finalizers, ['their/finalizer']);
    assert.equal(next.metadata.resourceVersion, '7');
  }
});

test('Merge keeps what others wrote and takes away what we wrote before', () => {
  const before = existing(
    { data: { ours: 'x', theirs: 'y' }, spec: { a: { ours: 1, theirs: 2 }, list: ['ours'] } },
    {
      'f:data': { 'f:ours': {} },
      'f:spec': { 'f:a': { '.': {}, 'f:ours': {} }, 'f:list': {} },
      'f:metadata': { 'f:labels': { 'f:gone': {} } },
    },
    { labels: { gone: 'x', theirs: 'x' } },
  );
  for (const policy of ['Merge', 'CreateOrMerge'] as const) {
    const next = buildManifest(owner(policy), desired([[['data', 'new'], 'z']]), before);
    assert.deepEqual(next['data'], { theirs: 'y', new: 'z' });
    assert.deepEqual(next['spec'], { a: { theirs: 2 } });
    assert.deepEqual(Object.keys(next.metadata.labels ?? {}).sort(), [MANAGED_LABEL, 'team', 'theirs'].sort());
    assert.equal(next.metadata.ownerReferences, undefined);
  }
});

test('building it again over itself changes nothing', () => {
  for (const policy of ['Owner', 'Merge'] as const) {
    const wanted = desired([
      [['spec', 'rules', 1, 'host'], 'a'],
      [['data', 'k'], 'v'],
    ]);
    const first = buildManifest(owner(policy), wanted, undefined);
    const stored = existing(
      { ...first },
      { 'f:data': { 'f:k': {} }, 'f:spec': { 'f:rules': {} } },
      {
        labels: first.metadata.labels,
        annotations: first.metadata.annotations,
        ownerReferences: first.metadata.ownerReferences ?? [],
      },
    );
    assert.ok(isUnchanged(stored, buildManifest(owner(policy), wanted, stored)), policy);
    const other = desired([[['spec', 'rules', 1, 'host'], 'b']]);
    assert.ok(!isUnchanged(stored, buildManifest(owner(policy), other, stored)), policy);
  }
});

test('an object of another ExternalSecret, or under another controller, is refused', () => {
  const controlledBy = (kind: string, apiVersion: string): Stored<ManifestObject> =>
    existing({}, {}, { ownerReferences: [{ apiVersion, kind, name: 'other', uid: 'o', controller: true }] });
  const refusal = (policy: CreationPolicy, before: Stored<ManifestObject>): string | undefined => {
    try {
      buildManifest(owner(policy), desired([]), before);
      return undefined;
    } catch (error) {
      return error instanceof Problem ? error.step : 'other';
    }
  };
  const theirs = controlledBy('ExternalSecret', 'external-secrets.io/v1');
  const deployment = controlledBy('Deployment', 'apps/v1');
  assert.equal(refusal('Merge', theirs), 'ownedByOther');
  assert.equal(refusal('Owner', deployment), 'owner');
  assert.equal(refusal('Orphan', deployment), undefined);
});
