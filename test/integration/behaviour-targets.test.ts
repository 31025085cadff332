/** What becomes of the target, row by row: ownership, creation, deletion, precedence, lifecycle (`behaviour.md` 1.7 to 1.9, 1.12, 1.15). */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ExternalSecret } from '../../src/api/external-secret.ts';
import { configMaps, externalSecrets, secrets } from '../../src/api/resources.ts';
import { NotFoundError } from '../../src/kube/errors.ts';
import type { OwnerReference } from '../../src/kube/types.ts';
import {
  annotated,
  configMap,
  entry,
  externalSecret,
  find,
  from,
  into,
  labelled,
  refreshEvery,
  secret,
  templated,
  type ExternalSecretSpecInput,
} from '../builders/objects.ts';
import { requires, useEnv } from './current-env.ts';
import { changeValues, fakeWorld, settled } from './fake-store.ts';
import { force } from './force-sync.ts';
import { dataOf, failsWith, holds, isSynced, readyOf, secretOf } from './views.ts';

const env = await useEnv();
await env.startOperator();

type Target = NonNullable<ExternalSecretSpecInput['target']>;
type Policy = NonNullable<Target['creationPolicy']>;

const CREATED_BY = 'reconcile.external-secrets.io/created-by';
const MANAGED = 'reconcile.external-secrets.io/managed';

/** The ExternalSecret `app`: `token` of the store into the Secret `app`. */
function app(namespace: string, target: Target = {}, name = 'app'): ReturnType<typeof externalSecret> {
  return externalSecret(namespace, name, from('store'), entry('token', 'token'), into(target));
}

const ready = (namespace: string, name = 'app'): Promise<string> => readyOf(env, externalSecrets, namespace, name);

async function isReady(namespace: string, expected: RegExp): Promise<void> {
  await env.eventually(async () => assert.match(await ready(namespace), expected));
}

async function deleteAndWait(namespace: string, name = 'app'): Promise<void> {
  await env.kube.delete(externalSecrets, { namespace, name });
  await env.eventually(async () => assert.rejects(env.kube.get(externalSecrets, { namespace, name }), NotFoundError));
}

// ---- creation policies

interface Row {
  readonly policy: Policy;
  /** Data where there was no Secret. */
  readonly created: Record<string, string> | undefined;
  /** Data where there was a Secret with `theirs`. */
  readonly updated: Record<string, string>;
  readonly owns: boolean;
  readonly condition: RegExp;
  /** Made again when somebody deletes it. */
  readonly recreated: boolean;
  /** Left after the ExternalSecret is gone. */
  readonly survives: boolean;
}

const mine = { token: 't' };
const both = { theirs: 'x', token: 't' };
const synced = /^True SecretSynced/;
const policies: readonly Row[] = [
  { policy: 'Owner', created: mine, updated: mine, owns: true, condition: synced, recreated: true, survives: false },
  { policy: 'Orphan', created: mine, updated: mine, owns: false, condition: synced, recreated: false, survives: true },
  {
    policy: 'CreateOrMerge',
    created: mine,
    updated: both,
    owns: false,
    condition: synced,
    recreated: true,
    survives: true,
  },
  {
    policy: 'Merge',
    created: undefined,
    updated: both,
    owns: false,
    condition: /^True SecretMissing/,
    recreated: false,
    survives: true,
  },
  {
    policy: 'None',
    created: undefined,
    updated: { theirs: 'x' },
    owns: false,
    condition: synced,
    recreated: false,
    survives: true,
  },
];

for (const { policy, created, updated, owns, condition, recreated, survives } of policies) {
  test(`${policy} where there is no Secret`, async () => {
    const namespace = await fakeWorld(env, 'missing', { token: 't' });
    await env.apply(app(namespace, { creationPolicy: policy }));
    await isReady(namespace, condition);
    assert.deepEqual(await dataOf(env, namespace, 'app'), created);
    const status = (await env.kube.get<ExternalSecret>(externalSecrets, { namespace, name: 'app' })).status;
    assert.equal(status?.binding?.name ?? '', created === undefined ? '' : 'app');
    if (created !== undefined) await marksAre(namespace, owns);
  });

  test(`${policy} where there is a Secret of nobody`, async () => {
    const namespace = await fakeWorld(env, 'present', { token: 't' });
    await env.apply(secret(namespace, 'app', { theirs: 'x' }), app(namespace, { creationPolicy: policy }));
    await isReady(namespace, synced);
    await holds(env, namespace, 'app', updated);
    if (policy !== 'None') await marksAre(namespace, owns);
    else assert.deepEqual((await secretOf(env, namespace, 'app'))!.metadata.labels ?? {}, {});
  });

  test(`${policy} when somebody deletes the Secret: ${recreated ? 'made again' : 'left so'}`, async () => {
    const namespace = await fakeWorld(env, 'deleted', { token: 't' });
    await env.apply(secret(namespace, 'app', {}), app(namespace, { creationPolicy: policy }));
    await isReady(namespace, synced);
    await env.kube.delete(secrets, { namespace, name: 'app' });
    if (recreated) return holds(env, namespace, 'app', mine);
    await settled(env, namespace);
    return assert.equal(await dataOf(env, namespace, 'app'), undefined);
  });

  test(`${policy} when the ExternalSecret is deleted: the Secret ${survives ? 'stays' : 'goes'}`, async () => {
    const namespace = await fakeWorld(env, 'gone', { token: 't' });
    await env.apply(secret(namespace, 'app', { theirs: 'x' }), app(namespace, { creationPolicy: policy }));
    await isReady(namespace, synced);
    await holds(env, namespace, 'app', updated);
    await deleteAndWait(namespace);
    if (!survives) return holds(env, namespace, 'app', undefined, 90_000);
    await settled(env, namespace);
    return assert.deepEqual(await dataOf(env, namespace, 'app'), updated);
  });
}

async function marksAre(namespace: string, owns: boolean): Promise<void> {
  const { labels = {}, ownerReferences = [] } = (await secretOf(env, namespace, 'app'))!.metadata;
  assert.equal(labels[MANAGED], 'true');
  assert.equal(labels[CREATED_BY] !== undefined, owns);
  assert.deepEqual(
    ownerReferences.map(({ kind, name, controller }) => [kind, name, controller]),
    owns ? [['ExternalSecret', 'app', true]] : [],
  );
}

for (const policy of ['Owner', 'Orphan', 'Merge', 'CreateOrMerge'] satisfies Policy[]) {
  test(`${policy} cannot write into a Secret of another ExternalSecret`, async () => {
    const namespace = await fakeWorld(env, 'owned', { token: 't' });
    await env.apply(app(namespace, { name: 'shared' }, 'first'));
    await isSynced(env, namespace, 'first');
    await env.apply(app(namespace, { name: 'shared', creationPolicy: policy }));
    await failsWith(env, namespace, 'app', /owned by another ExternalSecret: .*ExternalSecret "first"/);
    assert.equal((await secretOf(env, namespace, 'shared'))!.metadata.ownerReferences?.[0]?.name, 'first');
  });
}

for (const [policy, data] of [
  ['Owner', undefined],
  ['Orphan', { token: 't' }],
  ['Merge', { theirs: 'x', token: 't' }],
  ['CreateOrMerge', { theirs: 'x', token: 't' }],
] as const) {
  test(`${policy} and a Secret under a controller of another kind: ${data === undefined ? 'refused' : 'written'}`, async () => {
    const namespace = await fakeWorld(env, 'foreign', { token: 't' });
    const [owner] = await env.apply(configMap(namespace, 'controller', {}));
    const reference: OwnerReference = {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      name: 'controller',
      uid: owner!.metadata.uid,
      controller: true,
    };
    const theirs = secret(namespace, 'app', { theirs: 'x' });
    await env.apply({ ...theirs, metadata: { ...theirs.metadata, ownerReferences: [reference] } });
    await env.apply(app(namespace, { creationPolicy: policy }));
    if (data === undefined) {
      await failsWith(env, namespace, 'app', /could not become owner of the target secret: .*ConfigMap "controller"/);
      // The cause vanishes without a change of the ExternalSecret.
      await env.kube.delete(configMaps, { namespace, name: 'controller' });
      await env.kube.patch(secrets, { namespace, name: 'app' }, { metadata: { ownerReferences: [] } }).catch(() => {});
      return holds(env, namespace, 'app', mine);
    }
    await holds(env, namespace, 'app', data);
    const references = (await secretOf(env, namespace, 'app'))!.metadata.ownerReferences ?? [];
    return assert.deepEqual(
      references.map(({ name }) => name),
      ['controller'],
    );
  });
}

test('an ExternalSecret that is made anew takes its Secret back', async () => {
  const namespace = await fakeWorld(env, 'anew', { token: 't' });
  await env.apply(app(namespace, { creationPolicy: 'Orphan' }));
  await holds(env, namespace, 'app', mine);
  await deleteAndWait(namespace);
  const [again] = await env.apply(app(namespace));
  await env.eventually(async () => {
    const found = await secretOf(env, namespace, 'app');
    assert.equal(found?.metadata.ownerReferences?.[0]?.uid, again!.metadata.uid);
  });
});

// ---- deletion policies

/** A search finds one value at first, and then nothing. */
const searching = (namespace: string, target: Target): ReturnType<typeof externalSecret> =>
  externalSecret(namespace, 'app', from('store'), find({ name: { regexp: '^token' } }), into(target));

interface Emptied {
  readonly target: Target;
  readonly left: Record<string, string> | undefined;
  readonly condition: RegExp;
}

const emptied: readonly Emptied[] = [
  { target: { deletionPolicy: 'Retain' }, left: mine, condition: /^True SecretSynced: .*retained/ },
  { target: { deletionPolicy: 'Merge' }, left: {}, condition: /^True SecretSynced/ },
  { target: { deletionPolicy: 'Delete' }, left: undefined, condition: /^True SecretDeleted/ },
  {
    target: { deletionPolicy: 'Delete', creationPolicy: 'Orphan' },
    left: mine,
    condition: /^False SecretSyncedError: could not delete secret: .*needs creationPolicy Owner/,
  },
  {
    target: { deletionPolicy: 'Merge', creationPolicy: 'Merge' },
    left: { theirs: 'x' },
    condition: /^True SecretSynced/,
  },
  {
    target: { deletionPolicy: 'Retain', creationPolicy: 'Merge' },
    left: both,
    condition: /^True SecretSynced: .*retained/,
  },
];
for (const { target, left, condition } of emptied) {
  test(`all values are gone, ${JSON.stringify(target)}`, async () => {
    const namespace = await fakeWorld(env, 'emptied', { token: 't' });
    if (target.creationPolicy === 'Merge') await env.apply(secret(namespace, 'app', { theirs: 'x' }));
    await env.apply(searching(namespace, target));
    await isReady(namespace, synced);
    await env.eventually(async () => assert.equal((await dataOf(env, namespace, 'app'))?.['token'], 't'));
    await changeValues(env, namespace, { other: 'x' });
    await force(env, namespace, 'app');
    await isReady(namespace, condition);
    await holds(env, namespace, 'app', left);
  });
}

test('nothing is found from the beginning: Retain makes no Secret, Merge makes an empty one', async () => {
  for (const [deletionPolicy, left] of [
    ['Retain', undefined],
    ['Merge', {}],
    ['Delete', undefined],
  ] as const) {
    const namespace = await fakeWorld(env, 'nothing', { other: 'x' });
    await env.apply(searching(namespace, { deletionPolicy }));
    await isReady(namespace, /^True Secret/);
    assert.deepEqual(await dataOf(env, namespace, 'app'), left);
  }
});

test('Delete leaves a Secret alone that the ExternalSecret never owned', async () => {
  const namespace = await fakeWorld(env, 'theirs', { other: 'x' });
  await env.apply(secret(namespace, 'app', { theirs: 'x' }), app(namespace, { deletionPolicy: 'Delete' }));
  await isReady(namespace, /^True SecretDeleted/);
  assert.deepEqual(await dataOf(env, namespace, 'app'), { theirs: 'x' });
});

for (const [deletionPolicy, left] of [
  ['Retain', { token: 't', user: 'u' }],
  ['Merge', { token: 't' }],
  ['Delete', { token: 't' }],
] as const) {
  test(`one of two values is gone, ${deletionPolicy}`, async () => {
    const namespace = await fakeWorld(env, 'partly', { token: 't', user: 'u' });
    await env.apply(
      externalSecret(
        namespace,
        'app',
        from('store'),
        entry('token', 'token'),
        entry('user', 'user'),
        into({ deletionPolicy }),
      ),
    );
    await holds(env, namespace, 'app', { token: 't', user: 'u' });
    await changeValues(env, namespace, { token: 't' });
    await force(env, namespace, 'app');
    const event = deletionPolicy === 'Retain' ? 'UpdateFailed' : 'MissingProviderSecret';
    await env.eventually(async () => {
      const told = (await env.events(namespace, 'app')).filter(({ reason }) => reason === event);
      assert.match(told.map(({ message }) => message).join(), /data\[1\] \(key "user"\)/);
    });
    await holds(env, namespace, 'app', left);
  });
}

// ---- precedence: template.data > templateFrom > fetched (if merged) > existing keys (Merge, CreateOrMerge)

const literal = 'token: from-literal\nonlyLiteral: l\n';
const precedence: readonly [string, Target, Record<string, string>][] = [
  ['a template without data lets the fetched keys through', { template: { type: 'Opaque' } }, mine],
  ['with data it replaces them', { template: { data: { made: 'm' } } }, { made: 'm' }],
  [
    'mergePolicy Merge keeps them',
    { template: { mergePolicy: 'Merge', data: { made: 'm' } } },
    { made: 'm', token: 't' },
  ],
  [
    'templateFrom wins over them',
    { template: { mergePolicy: 'Merge', templateFrom: [{ literal }] } },
    { token: 'from-literal', onlyLiteral: 'l' },
  ],
  [
    'template.data wins over templateFrom',
    { template: { templateFrom: [{ literal }], data: { token: 'from-data' } } },
    { token: 'from-data', onlyLiteral: 'l' },
  ],
  [
    'a later templateFrom wins over an earlier one',
    { template: { templateFrom: [{ literal }, { literal: 'token: later' }] } },
    { token: 'later', onlyLiteral: 'l' },
  ],
  [
    'a literal wins over the ConfigMap of the same entry',
    {
      template: {
        templateFrom: [
          { configMap: { name: 'texts', items: [{ key: 'token' }] }, literal: 'onlyLiteral: l\ntoken: literal' },
        ],
      },
    },
    { token: 'literal', onlyLiteral: 'l' },
  ],
  [
    'existing keys come last under Merge',
    { creationPolicy: 'Merge', template: { data: { theirs: 'from-data', made: 'm' } } },
    { theirs: 'from-data', keep: 'k', made: 'm' },
  ],
  [
    'and under CreateOrMerge',
    { creationPolicy: 'CreateOrMerge', template: { mergePolicy: 'Merge', templateFrom: [{ literal }] } },
    { theirs: 'x', keep: 'k', token: 'from-literal', onlyLiteral: 'l' },
  ],
  ['under Owner they are gone', { template: { data: { made: 'm' } } }, { made: 'm' }],
];
for (const [name, target, data] of precedence) {
  test(`precedence: ${name}`, async () => {
    const namespace = await fakeWorld(env, 'precedence', { token: 't' });
    await env.apply(
      secret(namespace, 'app', { theirs: 'x', keep: 'k' }),
      configMap(namespace, 'texts', { token: 'from-map' }),
      app(namespace, target),
    );
    await holds(env, namespace, 'app', data);
  });
}

test('rendered values can be decoded, their keys are not', async () => {
  const namespace = await fakeWorld(env, 'decoded', { token: 't' });
  const encoded = Buffer.from('plain').toString('base64');
  const templateFrom = [
    { literal: `"${'aGk='.replace('=', '')}": "${encoded}"`, valuesDecodingStrategy: 'Base64' as const },
  ];
  await env.apply(app(namespace, { template: { templateFrom } }));
  await holds(env, namespace, 'app', { aGk: 'plain' });
});

test('keys and values: scalars are written as what they mean', async () => {
  const namespace = await fakeWorld(env, 'scalars', { token: 't' });
  const text = 'a: 1.50\nb: 0x10\nc: yes\nd: 1e3\ne: null\nf: "1.50"\n';
  await env.apply(app(namespace, { template: { templateFrom: [{ literal: text }] } }));
  await holds(env, namespace, 'app', { a: '1.5', b: '16', c: 'true', d: '1000', e: '', f: '1.50' });
});

// ---- metadata

for (const name of ['app', 'an-external-secret-with-a-name-of-42-letters']) {
  test(`labels, annotations and keys that are no longer wanted go (a name of ${name.length} characters)`, async () => {
    const namespace = await fakeWorld(env, 'stale', { token: 't' });
    const made = (letter: string): ReturnType<typeof externalSecret> => {
      const metadata = { labels: { [`l-${letter}`]: letter }, annotations: { [`a-${letter}`]: letter } };
      const template = { metadata, data: { [`k-${letter}`]: letter } };
      return externalSecret(namespace, name, from('store'), entry('token', 'token'), templated(template));
    };
    await env.apply(made('x'));
    await holds(env, namespace, name, { 'k-x': 'x' });
    await env.kube.patch(secrets, { namespace, name }, { metadata: { labels: { theirs: 'y' } } });
    await env.apply(made('z'));
    await holds(env, namespace, name, { 'k-z': 'z' });
    const { labels = {}, annotations = {} } = (await secretOf(env, namespace, name))!.metadata;
    assert.deepEqual([labels['l-x'], labels['l-z'], labels['theirs']], [undefined, 'z', 'y']);
    assert.deepEqual([annotations['a-x'], annotations['a-z']], [undefined, 'z']);
  });
}

test('labels of the ExternalSecret follow it while there is no template', async () => {
  const namespace = await fakeWorld(env, 'follow', { token: 't' });
  await env.apply(labelled({ team: 'a' }, annotated({ note: '1' }, app(namespace))));
  await holds(env, namespace, 'app', mine);
  const team = async (): Promise<string | undefined> =>
    (await secretOf(env, namespace, 'app'))!.metadata.labels?.['team'];
  assert.equal(await team(), 'a');
  await env.kube.patch(externalSecrets, { namespace, name: 'app' }, { metadata: { labels: { team: null } } });
  await env.eventually(async () => assert.equal(await team(), undefined));
});

test('finalizers of a template are added once and never taken away', async () => {
  const namespace = await fakeWorld(env, 'finalizers', { token: 't' });
  const finalizers = ['example.org/keep'];
  await env.apply(app(namespace, { template: { metadata: { finalizers } } }));
  await holds(env, namespace, 'app', mine);
  assert.deepEqual((await secretOf(env, namespace, 'app'))!.metadata.finalizers, finalizers);
  await env.apply(app(namespace, { template: { data: { token: 'other' } } }));
  await holds(env, namespace, 'app', { token: 'other' });
  assert.deepEqual((await secretOf(env, namespace, 'app'))!.metadata.finalizers, finalizers);
  await env.kube.patch(secrets, { namespace, name: 'app' }, { metadata: { finalizers: null } });
});

// ---- immutable Secrets and types

test('an immutable Secret of others: metadata follows, data is refused, and a fresh one heals it', async () => {
  const namespace = await fakeWorld(env, 'frozen', { token: 't' });
  const frozen = { ...secret(namespace, 'app', { token: 'old' }), immutable: true };
  await env.apply(frozen);
  await env.apply(labelled({ team: 'shop' }, app(namespace)));
  await failsWith(env, namespace, 'app', /target is immutable: Secret .*\/app is immutable/);
  assert.equal((await secretOf(env, namespace, 'app'))!.metadata.labels?.['team'], 'shop');
  assert.deepEqual(await dataOf(env, namespace, 'app'), { token: 'old' });
  await env.kube.delete(secrets, { namespace, name: 'app' });
  await holds(env, namespace, 'app', mine);
});

test('target.immutable freezes a Secret that exists with the data it has', async () => {
  const namespace = await fakeWorld(env, 'freeze', { token: 't' });
  await env.apply(secret(namespace, 'app', { token: 'theirs' }), app(namespace, { immutable: true }));
  await isReady(namespace, synced);
  assert.equal((await secretOf(env, namespace, 'app'))!.immutable, true);
  assert.deepEqual(await dataOf(env, namespace, 'app'), { token: 'theirs' });
});

test('a Secret of another type is not remade: the condition says what to do', async () => {
  const namespace = await fakeWorld(env, 'type', { token: 't' });
  await env.apply(app(namespace));
  await holds(env, namespace, 'app', mine);
  const data = { username: '{{ .token }}', password: 'p' };
  await env.apply(app(namespace, { template: { type: 'kubernetes.io/basic-auth', data } }));
  await isReady(namespace, /^False SecretSyncedError: could not update secret: .*type/);
  assert.deepEqual(await dataOf(env, namespace, 'app'), mine);
  await env.kube.delete(secrets, { namespace, name: 'app' });
  await holds(env, namespace, 'app', { username: 't', password: 'p' });
});

// ---- permanent problems and deletion

test(
  'what cannot be mended by trying is looked at again at the interval',
  requires(env, 'fast-time', 'an interval passes'),
  async () => {
    const namespace = await fakeWorld(env, 'again', { token: 't' });
    await env.apply(app(namespace, { name: 'shared' }, 'first'));
    await isSynced(env, namespace, 'first');
    const made = [from('store'), entry('token', 'token'), into({ name: 'shared' }), refreshEvery('10m')];
    await env.apply(externalSecret(namespace, 'app', ...made));
    await isReady(namespace, /^False SecretSyncedError: .*owned by another/);
    await env.apply(app(namespace, { name: 'elsewhere' }, 'first'));
    await env.eventually(async () =>
      assert.equal((await secretOf(env, namespace, 'shared'))?.metadata.ownerReferences?.[0]?.name ?? 'app', 'app'),
    );
    await env.advance(21 * 60_000);
    await isReady(namespace, synced);
  },
);

for (const [target, survives] of [
  [{ deletionPolicy: 'Delete' }, false],
  [{ deletionPolicy: 'Retain' }, false],
  [{ deletionPolicy: 'Merge', creationPolicy: 'Merge' }, true],
  [{ deletionPolicy: 'Delete', creationPolicy: 'Orphan' }, true],
] as const) {
  test(`deleting the ExternalSecret, ${JSON.stringify(target)}: the Secret ${survives ? 'stays' : 'goes'}`, async () => {
    const namespace = await fakeWorld(env, 'delete', { token: 't' });
    await env.apply(secret(namespace, 'app', {}), app(namespace, target));
    await holds(env, namespace, 'app', mine);
    await deleteAndWait(namespace);
    if (!survives) return holds(env, namespace, 'app', undefined, 90_000);
    await settled(env, namespace);
    return assert.deepEqual(await dataOf(env, namespace, 'app'), mine);
  });
}
