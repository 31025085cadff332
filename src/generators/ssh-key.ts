/**
 * A pair of SSH keys (`providers.md` 7.4): the private one as OpenSSH writes it, without a passphrase, the public one as a line of
 * `authorized_keys`. Keys are made on Node's thread pool, so a long RSA key holds up nobody.
 */
import { generateKeyPair, randomBytes, type KeyObject } from 'node:crypto';
import { promisify } from 'node:util';
import type { SshKeySpec } from '../api/generators/simple.ts';
import { SecretValue } from '../secret-value.ts';
import { GeneratorError } from './errors.ts';
import type { GeneratorModule } from './generator.ts';

const newKeyPair = promisify(generateKeyPair);
const DEFAULT_RSA_BITS = 2048;
/** Nothing accepts less any more. */
const FEWEST_RSA_BITS = 1024;

export const sshKeyGenerator: GeneratorModule<SshKeySpec> = {
  async generate(spec) {
    const { comment = '' } = spec;
    // A line break would begin another line of authorized_keys, with a key of somebody else's choice.
    if (/\p{Cc}/u.test(comment)) throw new GeneratorError('comment must not contain line breaks or control characters');
    const key = await newKey(spec);
    const values = [
      ['privateKey', privatePem(key, comment)],
      ['publicKey', `${key.type} ${key.publicBlob.toString('base64')}${comment === '' ? '' : ` ${comment}`}\n`],
    ] as const;
    return { values: new Map(values.map(([name, text]) => [name, SecretValue.ofText(text)])) };
  },
};

/** A key in the parts of the OpenSSH format. */
interface SshKey {
  /** E.g. `ssh-ed25519`. */
  readonly type: string;
  readonly publicBlob: Buffer;
  /** Everything of the private section between the check numbers and the comment. */
  readonly privatePart: Buffer;
}

async function newKey({ keyType, keySize }: SshKeySpec): Promise<SshKey> {
  switch (keyType) {
    case 'rsa': {
      const modulusLength = keySize ?? DEFAULT_RSA_BITS;
      if (modulusLength < FEWEST_RSA_BITS)
        throw new GeneratorError(`keySize is ${modulusLength}: an RSA key has at least ${FEWEST_RSA_BITS} bits`);
      return rsa(partsOf((await newKeyPair('rsa', { modulusLength })).privateKey));
    }
    case 'ecdsa': {
      const curve = CURVES.get(keySize ?? 256) ?? 'P-256';
      return ecdsa(partsOf((await newKeyPair('ec', { namedCurve: curve })).privateKey), curve);
    }
    case 'ed25519':
      return ed25519(partsOf((await newKeyPair('ed25519', {})).privateKey));
  }
}

/** Any other size is 256, as with the peer. */
const CURVES: ReadonlyMap<number, string> = new Map([
  [256, 'P-256'],
  [384, 'P-384'],
  [521, 'P-521'],
]);

function rsa({ n, e, d, p, q, qi }: Parts): SshKey {
  const type = 'ssh-rsa';
  return {
    type,
    publicBlob: Buffer.concat([text(type), integer(e), integer(n)]),
    privatePart: Buffer.concat([text(type), integer(n), integer(e), integer(d), integer(qi), integer(p), integer(q)]),
  };
}

function ecdsa({ x, y, d }: Parts, curve: string): SshKey {
  const name = `nist${curve.toLowerCase().replace('-', '')}`;
  const type = `ecdsa-sha2-${name}`;
  const publicBlob = Buffer.concat([text(type), text(name), block(Buffer.concat([Buffer.of(4), x, y]))]);
  return { type, publicBlob, privatePart: Buffer.concat([publicBlob, integer(d)]) };
}

function ed25519({ x, d }: Parts): SshKey {
  const type = 'ssh-ed25519';
  const publicBlob = Buffer.concat([text(type), block(x)]);
  return { type, publicBlob, privatePart: Buffer.concat([publicBlob, block(Buffer.concat([d, x]))]) };
}

type Parts = Readonly<Record<'n' | 'e' | 'd' | 'p' | 'q' | 'qi' | 'x' | 'y', Buffer>>;

/** The numbers of a key. Those its kind does not have are empty. */
function partsOf(key: KeyObject): Parts {
  const part = (value: string | undefined): Buffer => Buffer.from(value ?? '', 'base64url');
  const { n, e, d, p, q, qi, x, y } = key.export({ format: 'jwk' });
  return { n: part(n), e: part(e), d: part(d), p: part(p), q: part(q), qi: part(qi), x: part(x), y: part(y) };
}

const BLOCK_BYTES = 8;

/** The format "openssh-key-v1", not encrypted. */
function privatePem(key: SshKey, comment: string): string {
  const check = randomBytes(4);
  const secret = Buffer.concat([check, check, key.privatePart, text(comment)]);
  const missing = (BLOCK_BYTES - (secret.length % BLOCK_BYTES)) % BLOCK_BYTES;
  const padding = Buffer.from(Array.from({ length: missing }, (_, index) => index + 1));
  const document = Buffer.concat([
    Buffer.from('openssh-key-v1\0', 'latin1'),
    text('none'),
    text('none'),
    text(''),
    length(1),
    block(key.publicBlob),
    block(Buffer.concat([secret, padding])),
  ]);
  const lines = document.toString('base64').match(/.{1,70}/g) ?? [];
  return ['-----BEGIN OPENSSH PRIVATE KEY-----', ...lines, '-----END OPENSSH PRIVATE KEY-----', ''].join('\n');
}

function text(value: string): Buffer {
  return block(Buffer.from(value, 'utf8'));
}

function block(bytes: Buffer): Buffer {
  return Buffer.concat([length(bytes.length), bytes]);
}

/** A positive number: no leading zeros, but one where the first bit would read as a sign. */
function integer(bytes: Buffer): Buffer {
  const first = bytes.findIndex((byte) => byte !== 0);
  const digits = first < 0 ? Buffer.alloc(0) : bytes.subarray(first);
  return block((digits[0] ?? 0) >= 0x80 ? Buffer.concat([Buffer.of(0), digits]) : digits);
}

function length(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}
