import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { issueServer, makeAuthority } from './authority.ts';
import { authorityStep, bundleOf, serverStep, type Material } from './renewal.ts';
import { certificatesIn } from './verification.ts';

const NOW = Date.UTC(2030, 0, 1);
const DAY_MS = 24 * 3_600_000;
const LIFE_DAYS = 3650;
const NAME = 'hook.ns.svc';
const ABSENT = { cert: '', key: '' };
/** Made so long ago that so many days are left. */
const withDays = (days: number): number => NOW - (LIFE_DAYS - days) * DAY_MS;

const [fresh, ending, ended] = [
  await makeAuthority(NOW),
  await makeAuthority(withDays(60)),
  await makeAuthority(withDays(-1)),
];
const served = {
  byFresh: await issueServer(fresh, NAME, NOW),
  byEnding: await issueServer(ending, NAME, withDays(60)),
  byEnded: await issueServer(ended, NAME, withDays(-1)),
  endingByFresh: await issueServer(fresh, NAME, withDays(60)),
};

describe('the authority', () => {
  const material: Material = { authority: ABSENT, inherited: ABSENT, bundle: '', server: ABSENT };
  const cases: readonly [string, Partial<Material>, ReturnType<typeof authorityStep>][] = [
    ['is made when there is none', {}, 'make'],
    ['is kept while it has more than 91 days', { authority: fresh }, 'keep'],
    ['is made anew when it has less', { authority: ending }, 'make'],
    ['of the peer is taken over', { inherited: fresh }, 'inherit'],
    ['of the peer is not taken over when it ends soon', { inherited: ending }, 'make'],
    ['of our own goes before that of the peer', { authority: fresh, inherited: served.byFresh }, 'keep'],
    ['without key is made anew', { authority: { ...fresh, key: '' } }, 'make'],
  ];
  for (const [name, change, step] of cases) {
    test(name, () => assert.equal(authorityStep({ ...material, ...change }, NOW), step));
  }
});

describe('the bundle', () => {
  const prints = (pem: string): readonly string[] => certificatesIn(pem).map((each) => each.fingerprint256);

  test('begins with the authority in use and keeps those before it until they end', () => {
    assert.deepEqual(prints(bundleOf(fresh, ending.cert, NOW)), prints(fresh.cert + ending.cert));
    assert.deepEqual(prints(bundleOf(fresh, ended.cert, NOW)), prints(fresh.cert));
  });

  test('does not change by being made again', () => {
    const bundle = bundleOf(fresh, ending.cert, NOW);
    assert.equal(bundleOf(fresh, bundle, NOW), bundle);
    assert.equal(bundleOf(fresh, fresh.cert, NOW), fresh.cert);
  });

  test('never trusts what is no authority', () => {
    assert.equal(bundleOf(fresh, served.byEnding.cert, NOW), fresh.cert);
  });
});

describe('the server certificate', () => {
  const both = bundleOf(fresh, ending.cert, NOW);
  const at = (server: typeof fresh, bundle: string, bundleIsEverywhere: boolean): string =>
    serverStep(server, { authority: fresh, bundle, dnsName: NAME, bundleIsEverywhere }, NOW);
  const cases: readonly [string, string, string][] = [
    ['is kept while it has more than 91 days', at(served.byFresh, fresh.cert, false), 'keep'],
    ['is issued when there is none', at(ABSENT, fresh.cert, false), 'issue'],
    ['of the authority before waits until everybody trusts the new one', at(served.byEnding, both, false), 'wait'],
    ['of the authority before is replaced then', at(served.byEnding, both, true), 'issue'],
    [
      'that ends soon is replaced when everybody trusts the bundle',
      at(served.endingByFresh, fresh.cert, true),
      'issue',
    ],
    ['that ends soon waits otherwise', at(served.endingByFresh, fresh.cert, false), 'wait'],
    ['that nobody accepts any more is replaced at once', at(served.byEnded, fresh.cert, false), 'issue'],
    ['that the bundle does not cover is replaced at once', at(served.byEnding, fresh.cert, false), 'issue'],
  ];
  for (const [name, found, step] of cases) test(name, () => assert.equal(found, step));

  test('for another name is replaced at once', () => {
    const state = { authority: fresh, bundle: fresh.cert, dnsName: 'other.ns.svc', bundleIsEverywhere: false };
    assert.equal(serverStep(served.byFresh, state, NOW), 'issue');
  });
});
