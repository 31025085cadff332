import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { selfSigned } from '../telemetry/self-signed.ts';
import { issueServer, makeAuthority } from './authority.ts';
import { authorityProblem, certificatesIn, serverProblem } from './verification.ts';

const NOW = Date.UTC(2030, 0, 1);
const YEAR_MS = 365 * 24 * 3_600_000;
const NAME = 'hook.ns.svc';
const [authority, other] = [await makeAuthority(NOW), await makeAuthority(NOW)];
const server = await issueServer(authority, NAME, NOW);
const foreign = await issueServer(other, NAME, NOW);
const check = { bundle: authority.cert, dnsName: NAME, at: NOW };

describe('a server certificate', () => {
  const cases: readonly [string, Parameters<typeof serverProblem>, RegExp | undefined][] = [
    ['is good under its authority', [server, check], undefined],
    [
      'is good under any authority of the bundle',
      [server, { ...check, bundle: other.cert + authority.cert }],
      undefined,
    ],
    ['is good when the authority comes with it', [{ ...server, cert: server.cert + authority.cert }, check], undefined],
    ['that vouches for itself is good where it is trusted itself', trusted(), undefined],
    ['of another authority is not', [foreign, check], /not signed by an authority of the bundle/],
    ['is not good under another name', [server, { ...check, dnsName: 'hook.other.svc' }], /not for "hook.other.svc"/],
    ['is not good before its time', [server, { ...check, at: NOW - YEAR_MS }], /is valid from 2029-12-31T23:00:00/],
    ['is not good after its time', [server, { ...check, at: NOW + 11 * YEAR_MS }], /to 2039-12-30T00:00:00/],
    ['needs its own key', [{ ...server, key: foreign.key }, check], /key does not belong/],
    ['needs a key at all', [{ ...server, key: '' }, check], /key does not belong/],
    ['must be there', [{ cert: '', key: '' }, check], /no server certificate/],
    ['needs somebody who is trusted', [server, { ...check, bundle: 'x' }], /no certificate of an authority/],
  ];
  for (const [name, args, problem] of cases) {
    test(name, () => {
      const found = serverProblem(...args);
      if (problem === undefined) assert.equal(found, undefined);
      else assert.match(found ?? '', problem);
    });
  }

  function trusted(): Parameters<typeof serverProblem> {
    const own = selfSigned([NAME], NOW);
    return [own, { ...check, bundle: own.cert }];
  }
});

describe('an authority', () => {
  const cases: readonly [string, Parameters<typeof authorityProblem>, RegExp | undefined][] = [
    ['is good with its key', [authority, NOW], undefined],
    ['needs its own key', [{ ...authority, key: other.key }, NOW], /key does not belong/],
    ['must be one', [server, NOW], /may not sign others/],
    ['is not good after its time', [authority, NOW + 10 * YEAR_MS + 1], /is valid from/],
    ['must be there', [{ cert: '', key: '' }, NOW], /no certificate of the authority/],
  ];
  for (const [name, args, problem] of cases) {
    test(name, () => {
      const found = authorityProblem(...args);
      if (problem === undefined) assert.equal(found, undefined);
      else assert.match(found ?? '', problem);
    });
  }
});

test('what is no certificate in a bundle is left out', () => {
  const broken = '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n';
  assert.equal(certificatesIn(`# ours\n${authority.cert}${broken}${authority.key}${other.cert}`).length, 2);
});
