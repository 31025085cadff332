import assert from 'node:assert/strict';
import { beforeEach, describe, test } from 'node:test';
import { ManualClock } from '../../test/builders/manual-clock.ts';
import { ConflictError, NotFoundError } from '../kube/errors.ts';
import { silentLog } from '../log.ts';
import { issueServer, makeAuthority } from './authority.ts';
import { CertificateKeeper, SETTLE_MS, type KeeperOptions } from './keeper.ts';
import { KEYS, textOf, type SecretObject } from './secrets.ts';

const NAME = 'hook.ns.svc';
const DAY_MS = 24 * 3_600_000;
const { signal } = new AbortController();

/** Two Secrets, and in which order they were written. */
class Secrets {
  readonly stored = new Map<string, SecretObject>();
  readonly written: string[] = [];
  conflicts = 0;

  readonly client = {
    get: (_resource: unknown, { name }: { name: string }) => {
      const found = this.stored.get(name);
      return found === undefined
        ? Promise.reject(new NotFoundError('not found', { status: 404 }))
        : Promise.resolve(found);
    },
    update: (_resource: unknown, object: SecretObject) => {
      if (this.conflicts-- > 0) return Promise.reject(new ConflictError('changed', { status: 409 }));
      const { name = '' } = object.metadata;
      this.written.push(name);
      this.stored.set(name, object);
      return Promise.resolve(object);
    },
  } as unknown as KeeperOptions['client'];

  put(name: string, texts: Readonly<Record<string, string>>): void {
    const data = Object.entries(texts).map(([key, text]) => [key, Buffer.from(text).toString('base64')] as const);
    const metadata = { namespace: 'ns', name, resourceVersion: '1' };
    this.stored.set(name, { metadata, type: 'Opaque', data: Object.fromEntries(data) });
  }

  text(name: string, key: keyof typeof KEYS): string {
    return textOf(this.stored.get(name)!, KEYS[key]);
  }
}

describe('the certificates', () => {
  let secrets: Secrets;
  let clock: ManualClock;
  let everywhere: string | undefined;
  let keeper: CertificateKeeper;

  beforeEach(() => {
    secrets = new Secrets();
    clock = new ManualClock();
    everywhere = undefined;
    secrets.put('hook', {});
    secrets.put('hook-ca', {});
    keeper = new CertificateKeeper({
      client: secrets.client,
      secret: { namespace: 'ns', name: 'hook' },
      authoritySecret: { namespace: 'ns', name: 'hook-ca' },
      dnsName: NAME,
      clock,
      log: silentLog,
      isEverywhere: (bundle) => bundle === everywhere,
    });
  });

  test('are made at once where there are none; the authority is stored before anything is signed', async () => {
    assert.equal(await keeper.reconcile(signal), undefined);
    assert.deepEqual(secrets.written, ['hook-ca', 'hook']);
    assert.equal(secrets.text('hook', 'authorityKey'), '');
    assert.equal(secrets.text('hook', 'bundle'), secrets.text('hook-ca', 'bundle'));
    assert.equal(secrets.stored.get('hook')?.type, 'Opaque');
  });

  test('are not touched while they are good', async () => {
    await keeper.reconcile(signal);
    secrets.written.length = 0;
    for (let day = 0; day < 3000; day += 300) {
      await clock.advance(300 * DAY_MS);
      assert.equal(await keeper.reconcile(signal), undefined);
    }
    assert.deepEqual(secrets.written, []);
  });

  test('are renewed in two steps, and the second waits until the first is known for a while', async () => {
    await keeper.reconcile(signal);
    const [oldBundle, oldCert] = [secrets.text('hook', 'bundle'), secrets.text('hook', 'cert')];
    await clock.advance(3600 * DAY_MS);
    assert.equal(await keeper.reconcile(signal), SETTLE_MS);
    const bundle = secrets.text('hook', 'bundle');
    assert.notEqual(bundle, oldBundle);
    assert.ok(bundle.endsWith(oldBundle));
    assert.equal(secrets.text('hook', 'cert'), oldCert);

    await clock.advance(DAY_MS);
    assert.equal(await keeper.reconcile(signal), SETTLE_MS);
    assert.equal(secrets.text('hook', 'cert'), oldCert);

    everywhere = bundle;
    assert.equal(await keeper.reconcile(signal), SETTLE_MS);
    await clock.advance(SETTLE_MS - 1);
    assert.equal(await keeper.reconcile(signal), 1);
    everywhere = undefined;
    assert.equal(await keeper.reconcile(signal), SETTLE_MS);
    everywhere = bundle;
    assert.equal(await keeper.reconcile(signal), SETTLE_MS);
    assert.equal(secrets.text('hook', 'cert'), oldCert);
    await clock.advance(SETTLE_MS);
    assert.equal(await keeper.reconcile(signal), undefined);
    assert.notEqual(secrets.text('hook', 'cert'), oldCert);
    assert.equal(secrets.text('hook', 'bundle'), bundle);

    await clock.advance(60 * DAY_MS);
    await keeper.reconcile(signal);
    assert.equal(secrets.text('hook', 'bundle'), secrets.text('hook-ca', 'bundle'));
  });

  test('of the peer stay as they are; its key moves out of reach of the webhook', async () => {
    const authority = await makeAuthority(clock.now());
    const server = await issueServer(authority, NAME, clock.now());
    secrets.put('hook', {
      [KEYS.bundle]: authority.cert,
      [KEYS.authorityKey]: authority.key,
      [KEYS.cert]: server.cert,
      [KEYS.key]: server.key,
      note: 'of somebody',
    });
    await keeper.reconcile(signal);
    assert.deepEqual(secrets.written, ['hook-ca', 'hook']);
    assert.equal(secrets.text('hook-ca', 'authorityKey'), authority.key);
    assert.deepEqual(Object.keys(secrets.stored.get('hook')?.data ?? {}).sort(), [
      'ca.crt',
      'note',
      'tls.crt',
      'tls.key',
    ]);
    assert.equal(secrets.text('hook', 'cert'), server.cert);
  });

  test('are decided on afresh when somebody else wrote meanwhile', async () => {
    secrets.conflicts = 1;
    await assert.rejects(keeper.reconcile(signal), ConflictError);
    await keeper.reconcile(signal);
    assert.notEqual(secrets.text('hook', 'cert'), '');
  });

  test('cannot be kept where the chart’s Secret is missing, and the error says what to do', async () => {
    secrets.stored.delete('hook-ca');
    await assert.rejects(keeper.reconcile(signal), /Secret ns\/hook-ca does not exist: the chart makes it, empty/);
  });
});
