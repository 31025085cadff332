/**
 * What only a cluster asks of a push: which Secrets are never made or overwritten (D32), what becomes of type, labels and
 * annotations, and in which namespace it all happens.
 */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { configMaps, secrets } from '../../src/api/resources.ts';
import type { KubeClient } from '../../src/kube/client.ts';
import { NotFoundError } from '../../src/kube/errors.ts';
import type { KubeObject, Stored } from '../../src/kube/types.ts';
import { InvalidProviderConfigError, PermissionDeniedError } from '../../src/providers/errors.ts';
import type { Push, PushOutcome, SecretsClient, StoreKind } from '../../src/providers/provider.ts';
import { SecretValue } from '../../src/secret-value.ts';
import { pushOf } from './push.ts';

const CANARY = 'canary-7f3a9c';
const { signal } = new AbortController();

export interface ClusterWorld {
  /** With all rights. */
  readonly kube: KubeClient;
  /** Where the store writes. */
  readonly remote: string;
  /** Another namespace, where its account may do the same. */
  readonly third: string;
  open(kind?: StoreKind): Promise<SecretsClient>;
  /** A session that may do with Secrets of `remote` what a push needs, but not this. */
  openWithout(verb: string): Promise<SecretsClient>;
  heal(): Promise<void>;
  close(): Promise<void>;
}

type Secret = KubeObject & { readonly type?: string; readonly data?: Readonly<Record<string, string>> };

const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration';
const whole = [[undefined, undefined]] as const;
const one = [['a', 'a']] as const;
const PULLED = { 'reconcile.external-secrets.io/created-by': 'x', 'reconcile.external-secrets.io/managed': 'true' };

export function kubernetesPushRules(name: string, makeWorld: () => Promise<ClusterWorld>): void {
  describe(`${name}: what only a cluster asks of a push`, () => {
    let world: ClusterWorld;
    let number = 0;
    const newKey = (): string => `rules-${number++}`;
    before(async () => {
      world = await makeWorld();
    });
    after(() => world.close());

    async function using<T>(open: Promise<SecretsClient>, use: (client: SecretsClient) => Promise<T>): Promise<T> {
      const client = await open;
      try {
        return await use(client);
      } finally {
        await client.close();
      }
    }
    const push = (wanted: Push, kind?: StoreKind): Promise<PushOutcome> =>
      using(world.open(kind), (client) => client.push!(wanted, signal));
    const remove = (wanted: Push, kind?: StoreKind): Promise<void> =>
      using(world.open(kind), (client) => client.remove!(wanted, signal));
    async function secretIn(namespace: string, key: string): Promise<Stored<Secret> | undefined> {
      return world.kube.get<Secret>(secrets, { namespace, name: key }).catch((error: unknown) => {
        if (error instanceof NotFoundError) return undefined;
        throw error;
      });
    }
    const there = (key: string): Promise<Stored<Secret> | undefined> => secretIn(world.remote, key);
    async function put(key: string, more: Partial<Secret> & { metadata?: Partial<KubeObject['metadata']> } = {}) {
      const metadata = { namespace: world.remote, name: key, ...more.metadata };
      const data = { theirs: Buffer.from('x').toString('base64') };
      await world.kube.create(secrets, { data, ...more, metadata } as never, { fieldManager: 'somebody' });
    }
    const texts = (data: Secret['data'] = {}): Record<string, string> =>
      Object.fromEntries(Object.entries(data).map(([key, text]) => [key, Buffer.from(text, 'base64').toString()]));

    for (const type of ['kubernetes.io/service-account-token', 'bootstrap.kubernetes.io/token']) {
      test(`a source of type ${type} is pushed neither whole nor in parts`, async () => {
        for (const entries of [whole, one]) {
          const key = newKey();
          await assert.rejects(push(pushOf(key, { a: CANARY }, entries, { type })), /are not pushed: they hold tokens/);
          assert.equal(await there(key), undefined);
        }
      });
    }

    test('a token that is there is neither changed nor removed', async () => {
      const key = newKey();
      await put(key, { type: 'bootstrap.kubernetes.io/token' });
      await assert.rejects(push(pushOf(key, { a: '1' }, one)), /are not pushed: they hold tokens/);
      await remove(pushOf(key, {}, whole));
      assert.deepEqual(texts((await there(key))?.data), { theirs: 'x' });
    });

    test('a Secret that a controller owns is neither changed nor removed, and its owner is named', async () => {
      const key = newKey();
      const owner = { namespace: world.remote, name: `owner-${key}` };
      const { metadata } = await world.kube.create(configMaps, { metadata: owner } as never);
      const { uid } = metadata;
      const ownerReferences = [{ apiVersion: 'v1', kind: 'ConfigMap', name: owner.name, uid, controller: true }];
      await put(key, { metadata: { ownerReferences } });
      for (const entries of [whole, one])
        await assert.rejects(
          push(pushOf(key, { a: '1' }, entries)),
          new RegExp(`"${key}" is not overwritten: ConfigMap "${owner.name}" controls it`),
        );
      await remove(pushOf(key, {}, whole));
      await remove(pushOf(key, {}, [['theirs', 'theirs']]));
      assert.deepEqual(texts((await there(key))?.data), { theirs: 'x' });
    });

    test('a Secret of somebody else is written into with updatePolicy Replace', async () => {
      const key = newKey();
      await put(key);
      assert.equal(await push(pushOf(key, { a: '1' }, one)), 'updated');
      assert.deepEqual(texts((await there(key))?.data), { theirs: 'x', a: '1' });
    });

    test('with IfNotExists not even a missing key is put into a Secret of somebody else', async () => {
      const key = newKey();
      await put(key, { metadata: { managedFields: [{ manager: 'somebody', operation: 'Update' }] } });
      await assert.rejects(
        push({ ...pushOf(key, { a: CANARY }, one), keepsForeign: true }),
        /not pushed by this operator and updatePolicy is IfNotExists.*or updatePolicy Replace/,
      );
      assert.deepEqual(texts((await there(key))?.data), { theirs: 'x' });
    });

    test('with IfNotExists a further key is put into a Secret that we pushed', async () => {
      const key = newKey();
      await push({ ...pushOf(key, { a: '1' }, one), keepsForeign: true });
      await push({ ...pushOf(key, { b: '2' }, [['b', 'b']]), keepsForeign: true });
      assert.deepEqual(texts((await there(key))?.data), { a: '1', b: '2' });
    });

    test('the type is that of the source; one that is there cannot be changed, but keys can be put into it', async () => {
      const key = newKey();
      const tls = { 'tls.crt': 'c', 'tls.key': 'k' };
      await push(pushOf(key, tls, whole, { type: 'kubernetes.io/tls' }));
      assert.equal((await there(key))?.type, 'kubernetes.io/tls');
      await assert.rejects(
        push(pushOf(key, tls, whole)),
        /is there with type kubernetes\.io\/tls, the source has type Opaque, and a type cannot be changed/,
      );
      assert.equal(await push(pushOf(key, { a: '1' }, one)), 'updated');
      assert.equal((await there(key))?.type, 'kubernetes.io/tls');
      const nameless = newKey();
      await push(pushOf(nameless, { a: '1' }, one, { type: '' }));
      assert.equal((await there(nameless))?.type, 'Opaque');
    });

    test('bytes that are no text arrive as they are', async () => {
      const key = newKey();
      const wanted = pushOf(key, {}, whole);
      const bytes = Uint8Array.from([0, 255, 128, 10]);
      await push({ ...wanted, source: { ...wanted.source, data: new Map([['a', SecretValue.ofBytes(bytes)]]) } });
      assert.equal((await there(key))?.data?.['a'], Buffer.from(bytes).toString('base64'));
    });

    test('labels and annotations of the source go along, but not what belongs to kubectl or to an operator', async () => {
      const key = newKey();
      const source = {
        labels: { app: 'shop', ...PULLED },
        annotations: { note: 'n', [LAST_APPLIED]: CANARY, ...PULLED },
      };
      await push(pushOf(key, { a: '1' }, one, source));
      const { labels, annotations } = (await there(key))!.metadata;
      assert.deepEqual([labels, annotations], [{ app: 'shop' }, { note: 'n' }]);
    });

    const source = { labels: { from: 'source', both: 'source' }, annotations: {} };
    const merged: readonly (readonly [what: string, metadata: object, labels: Readonly<Record<string, string>>])[] = [
      ['by default', {}, { there: 'target', from: 'source', both: 'source' }],
      [
        'of the metadata over those of the source',
        { labels: { both: 'given' } },
        { there: 'target', from: 'source', both: 'given' },
      ],
      [
        'of the metadata instead of those of the source',
        { sourceMergePolicy: 'Replace', labels: { both: 'given' } },
        { there: 'target', from: 'target', both: 'given' },
      ],
      ['in place of the target’s', { targetMergePolicy: 'Replace' }, { from: 'source', both: 'source' }],
      [
        'in place of all others',
        { targetMergePolicy: 'Replace', sourceMergePolicy: 'Replace', labels: { x: 'y' } },
        { x: 'y' },
      ],
      [
        'of the target alone',
        { targetMergePolicy: 'Ignore', labels: { x: 'y' } },
        { there: 'target', from: 'target', both: 'target' },
      ],
    ];
    for (const [what, metadata, expected] of merged)
      test(`labels are written ${what}, and not again`, async () => {
        const key = newKey();
        await put(key, { metadata: { labels: { there: 'target', from: 'target', both: 'target' } } });
        const wanted = pushOf(key, { a: '1' }, [['a', 'a', metadata]], source);
        assert.equal(await push(wanted), 'updated');
        assert.deepEqual((await there(key))?.metadata.labels, expected);
        assert.equal(await push(wanted), 'unchanged');
      });

    test('a label that somebody takes away comes back, one that somebody adds stays', async () => {
      const key = newKey();
      const wanted = pushOf(key, { a: '1' }, one, { labels: { app: 'shop' } });
      await push(wanted);
      await world.kube.patch(
        secrets,
        { namespace: world.remote, name: key },
        { metadata: { labels: { app: null, x: 'y' } } },
      );
      assert.equal(await push(wanted), 'updated');
      assert.deepEqual((await there(key))?.metadata.labels, { app: 'shop', x: 'y' });
      assert.equal(await push(wanted), 'unchanged');
    });

    for (const [what, metadata, message] of [
      ['an unknown field', { remotenamespaces: 'x' }, /metadata: unknown field "remotenamespaces"; known are/],
      ['a policy that is none', { targetMergePolicy: 'Append' }, /metadata\.targetMergePolicy/],
      ['labels that are no texts', { labels: { a: 1 } }, /metadata\.labels\.a/],
      ['a namespace that is none', { remoteNamespace: '../kube-system' }, /cannot be a namespace/],
    ] as const)
      test(`${what} in the metadata is refused`, async () => {
        const key = newKey();
        await assert.rejects(push(pushOf(key, { a: '1' }, [['a', 'a', metadata]]), 'ClusterSecretStore'), message);
        assert.equal(await there(key), undefined);
      });

    test('a SecretStore writes to its own remoteNamespace only', async () => {
      const key = newKey();
      const elsewhere = pushOf(key, { a: '1' }, [['a', 'a', { remoteNamespace: world.third }]]);
      const refused = new RegExp(`"${world.third}" can be named with a ClusterSecretStore only.*"${world.remote}"`);
      await assert.rejects(push(elsewhere), refused);
      await assert.rejects(remove(elsewhere), refused);
      assert.equal(await secretIn(world.third, key), undefined);
      await push(pushOf(key, { a: '1' }, [['a', 'a', { remoteNamespace: world.remote }]]));
      assert.deepEqual(texts((await there(key))?.data), { a: '1' });
    });

    test('with a ClusterSecretStore each entry goes to its namespace, is looked for there and is removed there', async () => {
      const key = newKey();
      const metadata = { remoteNamespace: world.third };
      const wanted = pushOf(key, { a: '1', b: '2' }, [
        ['a', 'a', metadata],
        ['b', 'b'],
      ]);
      await push(wanted, 'ClusterSecretStore');
      assert.deepEqual(texts((await secretIn(world.third, key))?.data), { a: '1' });
      assert.deepEqual(texts((await there(key))?.data), { b: '2' });
      await using(world.open('ClusterSecretStore'), async (client) => {
        assert.equal(await client.exists!(key, 'a', signal, { metadata }), true);
        assert.equal(await client.exists!(key, 'a', signal, { metadata: undefined }), false);
      });
      await remove(pushOf(key, {}, [['a', 'a', metadata]]), 'ClusterSecretStore');
      assert.equal(await secretIn(world.third, key), undefined);
      assert.deepEqual(texts((await there(key))?.data), { b: '2' });
    });

    test('a single key needs the name of the key it becomes', async () => {
      await assert.rejects(
        push(pushOf(newKey(), { a: '1' }, [['a', undefined]])),
        /secretKey "a" needs remoteRef\.property/,
      );
    });

    test('a namespace that is not there is named', async () => {
      const metadata = { remoteNamespace: 'not-there-at-all' };
      await assert.rejects(
        push(pushOf(newKey(), { a: CANARY }, [['a', 'a', metadata]]), 'ClusterSecretStore'),
        (error: unknown) =>
          (error instanceof InvalidProviderConfigError || error instanceof PermissionDeniedError) &&
          /not-there-at-all/.test(error.message) &&
          !error.message.includes(CANARY),
      );
    });

    for (const [verb, act] of [
      ['get', (client: SecretsClient, key: string) => client.push!(pushOf(key, { a: CANARY }, one), signal)],
      ['create', (client: SecretsClient) => client.push!(pushOf(newKey(), { a: CANARY }, one), signal)],
      ['update', (client: SecretsClient, key: string) => client.push!(pushOf(key, { a: CANARY }, one), signal)],
      ['delete', (client: SecretsClient, key: string) => client.remove!(pushOf(key, {}, whole), signal)],
    ] as const)
      test(`who may not ${verb} is told verb, Secret, namespace and remedy, and no value`, async () => {
        const key = newKey();
        await push(pushOf(key, { a: '1' }, one));
        try {
          await assert.rejects(
            using<unknown>(world.openWithout(verb), (client) => act(client, key)),
            (error: unknown) => {
              assert.ok(error instanceof PermissionDeniedError, String(error));
              const place = `in namespace "${world.remote}"`;
              assert.match(error.message, new RegExp(`${verb} secrets "[^"]+" ${place}: 403`));
              assert.match(error.message, new RegExp(`needs a role with verb "${verb}" on secrets ${place}`));
              assert.doesNotMatch(error.message, new RegExp(CANARY));
              return true;
            },
          );
        } finally {
          await world.heal();
        }
        assert.deepEqual(texts((await there(key))?.data), { a: '1' });
      });
  });
}
