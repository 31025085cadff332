import assert from 'node:assert/strict';
import { beforeEach, describe, test } from 'node:test';
import { ManualClock } from '../../test/builders/manual-clock.ts';
import { issueServer, makeAuthority } from '../certificates/authority.ts';
import { silentLog } from '../log.ts';
import { ServingCertificate, type ServingMaterial } from './serving-certificate.ts';

const NAME = 'hook.ns.svc';
const DAY_MS = 24 * 3_600_000;
const START = Date.UTC(2030, 0, 1);

/** Good for so many days from the start on. */
async function material(days: number): Promise<ServingMaterial> {
  const madeAt = START - (3650 - days) * DAY_MS;
  const authority = await makeAuthority(madeAt);
  return { ...(await issueServer(authority, NAME, madeAt)), bundle: authority.cert };
}

const [long, other, short] = [await material(3000), await material(3000), await material(30)];
const broken = { ...long, key: other.key };

describe('the certificate to serve with', () => {
  let clock: ManualClock;
  let files: ServingMaterial | undefined;
  let secret: ServingMaterial | undefined;
  let changes: ServingMaterial[];
  let reads: boolean[];
  let certificate: ServingCertificate;
  let abort: AbortController;

  beforeEach(() => {
    clock = new ManualClock(START);
    [files, secret] = [undefined, undefined];
    [changes, reads] = [[], []];
    abort = new AbortController();
    certificate = new ServingCertificate({
      dnsName: NAME,
      readFiles: () => (files === undefined ? Promise.reject(new Error('no such file')) : Promise.resolve(files)),
      fromSecret: () => secret,
      checkIntervalMs: 300_000,
      lookaheadMs: 90 * DAY_MS,
      clock,
      log: silentLog,
      observe: (succeeded) => reads.push(succeeded),
      onChange: (changed) => changes.push(changed),
    });
  });

  test('is waited for, from either place', async () => {
    const running = certificate.run(abort.signal);
    await clock.advance(60_000);
    assert.match(certificate.problem() ?? '', /no such file/);
    files = broken;
    await clock.advance(1_000);
    assert.match(certificate.problem() ?? '', /key does not belong/);
    files = long;
    await clock.advance(1_000);
    await certificate.synced();
    assert.equal(certificate.problem(), undefined);
    assert.equal(certificate.current, long);
    abort.abort();
    await running;
    assert.equal(clock.pendingTimers, 0);
    assert.equal(reads.at(-1), true);
  });

  test('comes from the Secret at once, without waiting for the folder', async () => {
    const running = certificate.run(abort.signal);
    secret = long;
    certificate.secretChanged();
    await certificate.synced();
    assert.equal(certificate.current, long);
    abort.abort();
    await running;
  });

  test('that does not come within two minutes ends the process', async () => {
    const running = assert.rejects(
      certificate.run(abort.signal),
      /no usable certificate after 2 minutes: no such file/,
    );
    await clock.advance(121_000);
    await running;
  });

  test('is replaced when the folder or the Secret changes, never by a bad one', async () => {
    files = long;
    const running = certificate.run(abort.signal);
    await clock.advance(0);
    files = broken;
    await clock.advance(20_000);
    files = undefined;
    await clock.advance(20_000);
    assert.deepEqual([certificate.current, changes], [long, []]);
    files = other;
    await clock.advance(10_000);
    assert.deepEqual([certificate.current, changes], [other, [other]]);
    secret = short;
    certificate.secretChanged();
    assert.equal(certificate.current, other);
    secret = long;
    certificate.secretChanged();
    assert.deepEqual([certificate.current, changes], [long, [other, long]]);
    abort.abort();
    await running;
  });

  test('that will not last as long as asked is served, but ends the process at the next check', async () => {
    files = short;
    const running = assert.rejects(certificate.run(abort.signal), /not good for long enough: .* is valid from/);
    await clock.advance(299_000);
    assert.equal(certificate.problem(), undefined);
    await clock.advance(2_000);
    await running;
  });

  test('that ends soon makes the process unready', async () => {
    files = short;
    const running = assert.rejects(certificate.run(abort.signal));
    await clock.advance(1_000);
    assert.equal(certificate.problem(), undefined);
    await clock.advance(30 * DAY_MS);
    await running;
    assert.match(certificate.problem() ?? '', /is valid from/);
  });
});
