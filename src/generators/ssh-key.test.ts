import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { createPrivateKey, createPublicKey, sign, verify, type KeyObject } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { sshKeySpec } from '../api/generators/simple.ts';
import type { GeneratorContext } from './generator.ts';
import { sshKeyGenerator } from './ssh-key.ts';

const hasSshKeygen = spawnSync('ssh-keygen', ['-?']).error === undefined;

interface Pair {
  readonly privateKey: string;
  readonly publicKey: string;
}

interface Written {
  readonly keyType?: string;
  readonly keySize?: number;
  readonly comment?: string;
}

async function made(spec: Written): Promise<Pair> {
  const { values } = await sshKeyGenerator.generate(sshKeySpec.parse(spec), {} as GeneratorContext);
  assert.deepEqual([...values.keys()], ['privateKey', 'publicKey']);
  return { privateKey: values.get('privateKey')!.revealText(), publicKey: values.get('publicKey')!.revealText() };
}

const kinds: readonly (readonly [Written, string])[] = [
  [{}, 'ssh-rsa'],
  [{ keyType: 'rsa', keySize: 3072, comment: 'deploy@shop' }, 'ssh-rsa'],
  [{ keyType: 'ecdsa' }, 'ecdsa-sha2-nistp256'],
  [{ keyType: 'ecdsa', keySize: 384 }, 'ecdsa-sha2-nistp384'],
  [{ keyType: 'ecdsa', keySize: 521, comment: 'é' }, 'ecdsa-sha2-nistp521'],
  [{ keyType: 'ecdsa', keySize: 512 }, 'ecdsa-sha2-nistp256'],
  [{ keyType: 'ed25519', keySize: 2048, comment: 'a b' }, 'ssh-ed25519'],
];

describe('a pair of SSH keys', () => {
  for (const [spec, type] of kinds) {
    test(`${JSON.stringify(spec)} is ${type}, and its halves fit`, async () => {
      const pair = await made(spec);
      const comment = spec.comment === undefined ? '' : ` ${spec.comment}`;
      assert.match(pair.publicKey, new RegExp(`^${type} [A-Za-z0-9+/=]+${comment}\n$`));
      const parsed = parseOpenSsh(pair.privateKey);
      assert.equal(parsed.type, type);
      assert.equal(parsed.comment, comment.trim());
      assert.equal(parsed.publicBlob.toString('base64'), pair.publicKey.split(' ')[1]?.trim());
      const message = Buffer.from('message');
      const digest = type === 'ssh-ed25519' ? null : 'sha256';
      const publicKey = createPublicKey(parsed.key);
      assert.ok(verify(digest, message, publicKey, sign(digest, message, parsed.key)));
      if (type === 'ssh-rsa') assert.equal(parsed.key.asymmetricKeyDetails?.modulusLength, spec.keySize ?? 2048);
    });
  }

  test('are what ssh-keygen takes', { skip: hasSshKeygen ? false : 'ssh-keygen is not on this machine' }, async () => {
    const folder = mkdtempSync(join(tmpdir(), 'ssh-key-'));
    try {
      for (const [spec] of kinds) {
        const pair = await made(spec);
        const file = join(folder, 'key');
        writeFileSync(file, pair.privateKey, { mode: 0o600 });
        const derived = execFileSync('ssh-keygen', ['-y', '-f', file], { encoding: 'utf8' });
        assert.equal(derived.split(' ')[1]?.trim(), pair.publicKey.split(' ')[1]?.trim());
      }
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  test('are refused with too few bits, or with a comment that would begin another line', async () => {
    await assert.rejects(made({ keySize: 512 }), /at least 1024 bits/);
    await assert.rejects(made({ keyType: 'ed25519', comment: 'a\nssh-rsa AAAA' }), /line breaks/);
  });
});

/** An independent reader of the format, by its description in OpenSSH's PROTOCOL.key. */
function parseOpenSsh(pem: string): { type: string; comment: string; publicBlob: Buffer; key: KeyObject } {
  const [, body = ''] = /^-----BEGIN OPENSSH PRIVATE KEY-----\n([\s\S]*)\n-----END OPENSSH PRIVATE KEY-----\n$/.exec(
    pem,
  )!;
  assert.ok(body.split('\n').every((line) => line.length <= 70));
  const file = new Reader(Buffer.from(body, 'base64'));
  assert.equal(file.take(15).toString('latin1'), 'openssh-key-v1\0');
  assert.deepEqual([file.block().toString(), file.block().toString(), file.block().length], ['none', 'none', 0]);
  assert.equal(file.number(), 1);
  const publicBlob = file.block();
  const secret = new Reader(file.block());
  assert.equal(secret.length % 8, 0);
  assert.equal(secret.number(), secret.number());
  const type = secret.block().toString();
  const key = createPrivateKey({ format: 'jwk', key: jwkOf(type, secret) });
  const comment = secret.block().toString('utf8');
  const padding = [...secret.rest()];
  assert.deepEqual(
    padding,
    padding.map((_, index) => index + 1),
  );
  return { type, comment, publicBlob, key };
}

function jwkOf(type: string, secret: Reader): Record<string, string> {
  const url = (bytes: Buffer): string => bytes.toString('base64url');
  const plain = (bytes: Buffer): Buffer => (bytes[0] === 0 ? bytes.subarray(1) : bytes);
  const integer = (): Buffer => {
    const bytes = secret.block();
    assert.ok((bytes[0] ?? 0) < 0x80 && !(bytes[0] === 0 && (bytes[1] ?? 0) < 0x80), 'shortest form, not negative');
    return plain(bytes);
  };
  const big = (bytes: Buffer): bigint => BigInt(`0x${bytes.toString('hex')}`);
  if (type === 'ssh-rsa') {
    const [n, e, d, qi, p, q] = [integer(), integer(), integer(), integer(), integer(), integer()] as const;
    const [bigP, bigQ, bigD] = [big(p), big(q), big(d)];
    const short = (value: bigint): string => {
      const hex = value.toString(16);
      return Buffer.from(hex.padStart(hex.length + (hex.length % 2), '0'), 'hex').toString('base64url');
    };
    const dp = short(bigD % (bigP - 1n));
    const dq = short(bigD % (bigQ - 1n));
    return { kty: 'RSA', n: url(n), e: url(e), d: url(d), p: url(p), q: url(q), qi: url(qi), dp, dq };
  }
  if (type === 'ssh-ed25519') {
    const publicKey = secret.block();
    const both = secret.block();
    assert.deepEqual(both.subarray(32), publicKey);
    return { kty: 'OKP', crv: 'Ed25519', x: url(publicKey), d: url(both.subarray(0, 32)) };
  }
  const curve = secret.block().toString().replace('nistp', 'P-');
  const point = secret.block();
  const size = (point.length - 1) / 2;
  const d = integer();
  const padded = Buffer.concat([Buffer.alloc(size - d.length), d]);
  return {
    kty: 'EC',
    crv: curve,
    x: url(point.subarray(1, 1 + size)),
    y: url(point.subarray(1 + size)),
    d: url(padded),
  };
}

class Reader {
  readonly length: number;
  #bytes: Buffer;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
    this.length = bytes.length;
  }

  take(count: number): Buffer {
    const taken = this.#bytes.subarray(0, count);
    assert.equal(taken.length, count);
    this.#bytes = this.#bytes.subarray(count);
    return taken;
  }

  number(): number {
    return this.take(4).readUInt32BE();
  }

  block(): Buffer {
    return this.take(this.number());
  }

  rest(): Buffer {
    return this.#bytes;
  }
}
