import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { issueServer, makeAuthority } from './authority.ts';

const NOW = Date.UTC(2030, 0, 1, 12, 30, 15);
const NAME = 'external-secrets-webhook.external-secrets.svc';
const [authority, other] = [await makeAuthority(NOW), await makeAuthority(NOW)];
const server = await issueServer(authority, NAME, NOW);
const [ca, leaf] = [new X509Certificate(authority.cert), new X509Certificate(server.cert)];

describe('certificates are made as the contract says:', () => {
  test('the authority', () => {
    assert.equal(ca.subject, 'O=external-secrets\nCN=external-secrets');
    assert.equal(ca.issuer, ca.subject);
    assert.equal(ca.subjectAltName, 'DNS:external-secrets');
    assert.equal(BigInt(`0x${ca.serialNumber}`), 0n);
    assert.equal(ca.ca, true);
    assert.equal(ca.verify(ca.publicKey), true);
  });

  test('the server certificate', () => {
    assert.equal(leaf.subject, `CN=${NAME}`);
    assert.equal(leaf.subjectAltName, `DNS:${NAME}`);
    assert.equal(BigInt(`0x${leaf.serialNumber}`), 1n);
    assert.equal(leaf.ca, false);
    assert.deepEqual(leaf.keyUsage, ['1.3.6.1.5.5.7.3.1']);
    assert.equal(leaf.checkIssued(ca) && leaf.verify(ca.publicKey), true);
  });

  test('both are valid from an hour ago for ten years of 365 days', () => {
    for (const { validFromDate, validToDate } of [ca, leaf]) {
      assert.equal(validFromDate.getTime(), NOW - 3_600_000);
      assert.equal(validToDate.getTime(), NOW + 3650 * 24 * 3_600_000);
    }
  });

  test('the keys are RSA 2048 in PKCS#1 and belong to them', () => {
    for (const [{ key }, certificate] of [[authority, ca] as const, [server, leaf] as const]) {
      assert.match(key, /^-----BEGIN RSA PRIVATE KEY-----\n/);
      const read = createPrivateKey(key);
      assert.equal(read.asymmetricKeyDetails?.modulusLength, 2048);
      assert.equal(certificate.checkPrivateKey(read), true);
    }
  });

  test('times beyond 2049 are written so that they can be read', async () => {
    const late = new X509Certificate((await makeAuthority(Date.UTC(2045, 5, 1))).cert);
    assert.equal(late.validToDate.getUTCFullYear(), 2055);
  });
});

const hasOpenssl = spawnSync('openssl', ['version']).status === 0;

describe('OpenSSL agrees', { skip: hasOpenssl ? false : 'openssl is not installed' }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'x509-'));
  after(() => rmSync(folder, { recursive: true, force: true }));
  const file = (name: string, text: string): string => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };
  const openssl = (...args: readonly string[]): { status: number | null; output: string } => {
    const { status, stdout, stderr } = spawnSync('openssl', args, { encoding: 'utf8' });
    return { status, output: stdout + stderr };
  };
  const verify = (bundle: string, name: string): ReturnType<typeof openssl> => {
    const at = String(NOW / 1000);
    const files = ['-CAfile', file('bundle.pem', bundle), file('server.pem', server.cert)];
    return openssl(
      'verify',
      '-x509_strict',
      '-attime',
      at,
      '-purpose',
      'sslserver',
      '-verify_hostname',
      name,
      ...files,
    );
  };

  test('with the authority alone, and in a bundle with another of the same name, in both orders', () => {
    for (const bundle of [authority.cert, authority.cert + other.cert, other.cert + authority.cert]) {
      const { status, output } = verify(bundle, NAME);
      assert.equal(status, 0, output);
    }
  });

  test('and refuses another authority or another name', () => {
    assert.notEqual(verify(other.cert, NAME).status, 0);
    assert.notEqual(verify(authority.cert, 'localhost').status, 0);
  });

  test('about what the certificates are for', () => {
    const text = (pem: string): string => openssl('x509', '-noout', '-text', '-in', file('one.pem', pem)).output;
    assert.match(text(authority.cert), /Key Usage: critical\s+Digital Signature, Key Encipherment, Certificate Sign\n/);
    assert.match(text(authority.cert), /Basic Constraints: critical\s+CA:TRUE\n/);
    assert.match(text(server.cert), /Key Usage: critical\s+Digital Signature, Key Encipherment\n/);
    assert.match(text(server.cert), /Extended Key Usage: \s+TLS Web Server Authentication\n/);
  });
});
