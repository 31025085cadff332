import assert from 'node:assert/strict';
import { test } from 'node:test';
import { externalSecretSchema, type ExternalSecret } from '../../api/external-secret.ts';
import { versionOf } from '../../controllers/external-secret/hash.ts';
import type { ObjectMeta, Stored } from '../../kube/types.ts';
import {
  entry,
  externalSecret,
  extract,
  from,
  into,
  refreshEvery,
  secret,
  type Part,
} from '../../../test/builders/objects.ts';
import { lastPassStep } from './last-pass.ts';
import type { Seen } from './look.ts';
import { needSteps, type KeysSeen, type Need } from './needed-objects.ts';
import { externalSecretStep } from './object.ts';
import { operatorStep } from './operator.ts';
import { printChain } from './print.ts';
import { refreshStep } from './refresh.ts';
import { fail, lasting, ok, unknown, type Step } from './step.ts';
import { readyStep, referenceStep, type StoresSeen } from './store.ts';
import { targetStep, viewOf, type TargetSeen } from './target.ts';

const NOW = Date.parse('2030-01-01T12:00:00Z');
const HOUR = 3_600_000;

function ago(ms: number): string {
  return new Date(NOW - ms).toISOString();
}

function said(step: Step | undefined): string {
  return step === undefined ? 'nothing' : `${step.state} ${step.what}: ${step.message}`;
}

function stored<T extends { readonly metadata: ObjectMeta }>(object: T, more: ObjectMeta = {}) {
  const metadata = { uid: 'u', resourceVersion: '1', name: '', generation: 1, ...object.metadata, ...more };
  return { ...object, metadata };
}

type Parts = readonly Part<Parameters<Parameters<typeof externalSecret>[2]>[0]>[];

/** As the API server has it, with its defaults. */
function es(parts: Parts, status: ExternalSecret['status'] = {}, meta: ObjectMeta = {}): Stored<ExternalSecret> {
  const made = externalSecret('shop', 'db', ...(parts.length === 0 ? [from('sm'), entry('a', 'a')] : parts));
  return stored({ ...made, ...(externalSecretSchema.parse(made) as object), status }, meta) as Stored<ExternalSecret>;
}

const READY = { type: 'Ready', status: 'True', reason: 'SecretSynced', message: 'secret synced' } as const;

test('the object: what is wrong in its spec is told, and who made it', () => {
  const owner = { apiVersion: 'external-secrets.io/v1', kind: 'ClusterExternalSecret', name: 'all', uid: 'x' };
  assert.match(said(externalSecretStep(es([]))), /^ok ExternalSecret shop\/db: exists, its spec is valid$/);
  assert.match(
    said(externalSecretStep(es([], {}, { ownerReferences: [owner] }))),
    /made by ClusterExternalSecret "all"/,
  );
  const both = externalSecretStep(es([from('sm')], {}, { ownerReferences: [owner] }));
  assert.match(said(both), /^fail .*spec\.data and spec\.dataFrom are both empty/);
  assert.match(both.state === 'fail' ? both.remedy : '', /spec\.externalSecretSpec of ClusterExternalSecret "all"/);
  const going = es([], {}, { deletionTimestamp: ago(HOUR), finalizers: ['a/b'] });
  assert.match(said(externalSecretStep(going)), /^fail .* is being deleted since .*; it waits for a\/b$/);
});

function stores(
  spec: object | undefined,
  status: object = {},
  namespaceLabels: StoresSeen['namespaceLabels'] = { state: 'denied' },
): StoresSeen {
  const object = stored({ metadata: { name: 'sm' }, spec, status });
  const seen = spec === undefined ? { state: 'missing' } : { state: 'found', object };
  return { namespace: 'shop', namespaceLabels, stores: new Map([['ClusterSecretStore "sm"', seen]]) } as StoresSeen;
}

test('the store: every reason why it may not be used, and what it says of itself', async () => {
  const ref = { kind: 'ClusterSecretStore', name: 'sm' } as const;
  const provider = { fake: { data: [] } };
  const refused = async (seen: StoresSeen): Promise<string> => said(await referenceStep(seen, ref, 'default'));
  assert.match(await refused(stores({ provider })), /^ok .*may be used from namespace "shop"$/);
  assert.match(await refused(stores(undefined)), /^fail .*not found$/);
  assert.match(await refused(stores({ provider, controller: 'mine' })), /^fail .*belongs to controller class "mine"/);
  const conditions = [{ namespaceSelector: { matchLabels: { team: 'a' } } }];
  assert.match(await refused(stores({ provider, conditions })), /^unknown .*may not read Namespace "shop"/);
  const labels = { state: 'found', object: { team: 'b' } } as const;
  assert.match(await refused(stores({ provider, conditions }, {}, labels)), /^fail .*conditions deny it$/);
  assert.match(await refused(stores({ provider: {} })), /^fail .*must have exactly one provider/);
  const denied = { ...stores(undefined), stores: new Map([['ClusterSecretStore "sm"', { state: 'denied' as const }]]) };
  assert.match(await refused(denied), /^unknown .*may not read a ClusterSecretStore$/);

  const says = (status: object): string => said(readyStep(stores({ provider }, status), ref));
  assert.match(says({}), /^fail .*no operator has validated it yet$/);
  const condition = { type: 'Ready', status: 'False', reason: 'InvalidProviderConfig', message: 'no token' };
  assert.match(says({ conditions: [condition] }), /^fail .*: InvalidProviderConfig: no token$/);
  assert.match(says({ conditions: [{ ...condition, status: 'True', reason: 'Valid' }] }), /^ok .*: Valid: no token$/);
  assert.equal(readyStep(stores(undefined), ref), undefined);
});

test('what is needed of other objects: one line per object, keys by their names', () => {
  const need = (key: string | undefined): Need => ({
    field: `spec.${key}`,
    kind: 'Secret',
    namespace: 'shop',
    name: 'robot',
    key,
  });
  const steps = (seen: Seen<ReadonlySet<string>>, ...keys: readonly (string | undefined)[]): readonly string[] => {
    const all: KeysSeen = new Map([['Secret shop/robot', seen]]);
    return needSteps('credentials', keys.map(need), all).map(said);
  };
  const there = { state: 'found', object: new Set(['id', 'key']) } as const;
  assert.deepEqual(steps(there, 'id', 'key'), ['ok credentials: Secret shop/robot: exists with "id", "key"']);
  assert.deepEqual(steps(there, undefined), ['ok credentials: Secret shop/robot: exists']);
  assert.deepEqual(steps(there, 'id', 'kee'), [
    'fail credentials: Secret shop/robot: has no key "kee" (spec.kee); its keys: "id", "key"',
  ]);
  assert.deepEqual(steps({ state: 'missing' }, 'id'), ['fail credentials: Secret shop/robot: not found (spec.id)']);
  assert.match(
    steps({ state: 'denied' }, 'id')[0] ?? '',
    /^unknown .*may not read a Secret there; it must exist with "id"/,
  );
});

test('the operator: a ready Deployment or a fresh Lease is enough, none of both says nothing', () => {
  const deployment = (readyReplicas: number) =>
    stored({
      metadata: { namespace: 'eso', name: 'external-secrets' },
      spec: { replicas: 2 },
      status: { readyReplicas },
    });
  const lease = (holderIdentity: string, ms: number) =>
    stored({
      metadata: { namespace: 'eso', name: 'l' },
      spec: { holderIdentity, leaseDurationSeconds: 15, renewTime: ago(ms) },
    });
  type Given = Parameters<typeof operatorStep>[0];
  const says = (deployments: Given['deployments'], leases: Given['leases']): string =>
    said(operatorStep({ deployments, leases }, NOW));
  const found = <T>(...object: readonly T[]): { readonly state: 'found'; readonly object: readonly T[] } => ({
    state: 'found',
    object,
  });
  const denied = { state: 'denied' } as const;
  assert.equal(
    says(found(deployment(1)), found(lease('a', HOUR))),
    'ok operator: Deployment eso/external-secrets has 1 of 2 Pods ready',
  );
  assert.equal(says(denied, found(lease('pod-1', 5000))), 'ok operator: Lease eso/l was renewed 5 s ago by pod-1');
  assert.match(
    says(found(deployment(0)), found(lease('a', HOUR))),
    /^fail operator: does not run: .* 0 of 2 Pods ready; Lease eso\/l was renewed 1 h ago/,
  );
  assert.match(says(found(), found(lease('', 0))), /^fail .*has no holder$/);
  assert.match(says(found(), found()), /^unknown operator: not seen: no Deployment/);
  assert.match(says(denied, denied), /^unknown operator: not seen: your kubeconfig may not list/);
});

test('the target: whose it is, whether it could be written, whether it is as it was written', () => {
  const controlled = (kind: string, apiVersion: string, name: string): ObjectMeta => ({
    ownerReferences: [{ apiVersion, kind, name, uid: 'o', controller: true }],
  });
  const found = (meta: ObjectMeta = {}, more: object = {}): Seen<TargetSeen> => ({
    state: 'found',
    object: viewOf({ ...stored(secret('shop', 'db', { a: 'x' }), meta), ...more }),
  });
  const says = (parts: Parts, seen: Seen<TargetSeen>, status: ExternalSecret['status'] = {}): string =>
    said(targetStep(es(parts, status), seen));
  const missing = { state: 'missing' } as const;
  const aimed = (target: Parameters<typeof into>[0]): Parts => [from('sm'), entry('a', 'a'), into(target)];
  const synced = { conditions: [READY] };
  assert.match(says([], missing), /^ok target: Secret shop\/db: not there yet$/);
  assert.match(says([], missing, synced), /^fail .*not found, although the last sync succeeded$/);
  assert.match(
    says([], missing, { conditions: [{ ...READY, reason: 'SecretDeleted' }] }),
    /^fail .*deletionPolicy Delete/,
  );
  assert.match(
    says(aimed({ creationPolicy: 'Merge' }), missing, synced),
    /^fail .*creationPolicy Merge does not make it$/,
  );
  assert.match(says(aimed({ creationPolicy: 'None' }), missing), /^ok .*none is written/);
  assert.match(
    says(aimed({ manifest: { apiVersion: 'v1', kind: 'ConfigMap' } }), missing),
    /^unknown target: ConfigMap shop\/db/,
  );
  assert.match(says([], { state: 'denied' }), /^unknown .*may not read Secrets in namespace "shop"$/);
  const other = controlled('ExternalSecret', 'external-secrets.io/v1', 'first');
  assert.match(says([], found(other)), /^fail .*owned by another ExternalSecret: .*belongs to ExternalSecret "first"/);
  const issuer = controlled('Certificate', 'cert-manager.io/v1', 'tls');
  assert.match(says([], found(issuer)), /^fail .*is controlled by Certificate "tls"/);
  assert.match(says(aimed({ creationPolicy: 'Merge' }), found(issuer)), /^ok /);
  assert.match(
    says(aimed({ template: { type: 'kubernetes.io/tls' } }), found()),
    /^fail .*is of type Opaque.*asks for kubernetes\.io\/tls/,
  );
  const edited = { annotations: { 'reconcile.external-secrets.io/data-hash': 'of something else' } };
  assert.match(says([], found(edited)), /^fail .*its data is not what the operator wrote$/);
  const own = controlled('ExternalSecret', 'external-secrets.io/v1', 'db');
  assert.match(says([], found(own, { immutable: true })), /^ok .*1 key, owned by ExternalSecret "db".*, immutable/);
});

test('the last pass: what the condition says, and an object that nobody has looked at', () => {
  const says = (object: Parameters<typeof lastPassStep>[0], warning?: string): string =>
    said(lastPassStep(object, warning, NOW));
  const failed = {
    ...READY,
    status: 'False',
    reason: 'SecretSyncedError',
    message: 'no such key',
    lastTransitionTime: ago(HOUR),
  };
  assert.match(says(es([], { conditions: [READY] })), /^ok .*: SecretSynced for 0 s: secret synced$/);
  assert.match(says(es([], { conditions: [failed] })), /^fail .*: SecretSyncedError for 1 h: no such key$/);
  assert.match(
    says(es([], { conditions: [failed] }), 'x; next attempt in 8 s'),
    /no such key \(its last event: next attempt in 8 s\)$/,
  );
  assert.match(
    says(es([], {}, { creationTimestamp: ago(HOUR) })),
    /^fail .*no operator has looked at this object, which is 1 h old$/,
  );
  assert.match(says(es([], {}, { creationTimestamp: ago(2000) })), /^ok .*not asked yet/);
});

test('the refresh: overdue by a tenth of the interval, and changes that are never read', () => {
  const synced = (ms: number, parts: Parts, version = versionOf(es(parts).metadata)): string =>
    said(refreshStep(es(parts, { refreshTime: ago(ms), syncedResourceVersion: version }), NOW));
  const parts = (...more: Parts): Parts => [from('sm'), extract('a'), ...more];
  assert.equal(said(refreshStep(es([]), NOW)), 'ok refresh: never synced yet');
  assert.equal(synced(60_000, parts()), 'ok refresh: every 1 h, last 1 min ago');
  assert.equal(synced(1.2 * HOUR, parts()), 'fail refresh: overdue: every 1 h, last 1 h ago');
  assert.match(synced(80_000, parts(refreshEvery('10s'))), /^ok /);
  assert.match(synced(100_000, parts(refreshEvery('10s'))), /^fail refresh: overdue/);
  const once: Parts = parts((spec) => ({ ...spec, refreshPolicy: 'CreatedOnce' }));
  assert.match(synced(9 * HOUR, once), /^ok .*only once: refreshPolicy CreatedOnce$/);
  assert.match(
    synced(9 * HOUR, once, '0-x'),
    /^fail .*its spec was changed after its only sync, and refreshPolicy CreatedOnce says/,
  );
  assert.match(synced(9 * HOUR, once, '1-other labels'), /^ok /);
  assert.match(synced(9 * HOUR, parts(refreshEvery('0')), '0-x'), /^fail .*refreshInterval 0 says/);
  assert.match(synced(60_000, parts(), '1-x'), /^fail .*was changed since its last sync/);
  assert.match(
    synced(
      9 * HOUR,
      parts((spec) => ({ ...spec, refreshPolicy: 'OnChange' })),
    ),
    /^ok .*when the object changes/,
  );
  const syncWindows = { kind: 'deny' as const, windows: [{ schedule: '0 0 * * *', duration: '24h' }] };
  assert.match(
    synced(
      9 * HOUR,
      parts((spec) => ({ ...spec, syncWindows })),
    ),
    /^ok .*waits for its sync window$/,
  );
});

test('the first step that failed is the cause, and no message makes up a line of its own', () => {
  const steps = [
    ok('a', 'fine'),
    unknown('b', 'dark'),
    fail('c', 'broken\ncause: a lie\u001B[2J', 'mend it'),
    fail('d', 'too', 'x'),
  ];
  assert.deepEqual(printChain(steps, true), {
    output:
      '✓ a: fine\n? b: dark\n✗ c: broken cause: a lie [2J\n✗ d: too\n\ncause: c: broken cause: a lie [2J\nremedy: mend it\n',
    code: 1,
  });
  const well = printChain(steps.slice(0, 2), false);
  assert.match(
    well.output,
    /^ok {3}a: fine\n\? {4}b: dark\n\nNothing wrong found, but 1 of 2 steps could not be looked at\./,
  );
  assert.equal(well.code, 0);
});

test('times are told in their largest unit', () => {
  assert.deepEqual([-5, 999, 61_000, HOUR, 50 * HOUR].map(lasting), ['0 s', '0 s', '1 min', '1 h', '2 d']);
});
