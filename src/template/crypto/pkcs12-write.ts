/** Writes PKCS#12 archives and trust stores with today's algorithms: PBES2 with AES-256, HMAC-SHA-256. */
import { createCipheriv, createHash, pbkdf2Sync, type KeyObject } from 'node:crypto';
import type { Budget } from '../budget.ts';
import { nameText, type Certificate } from './certificate.ts';
import { der, explicit, integer, nothing, octets, oid, sequence, set, TAGS } from './der.ts';
import { deriveOld, hmac, passwordForms, type Password } from './pkcs12-password.ts';

const ITERATIONS = 2048;
const SALT_BYTES = 16;
const DATA = oid('1.2.840.113549.1.7.1');
const ENCRYPTED_DATA = oid('1.2.840.113549.1.7.6');
const BAGS = '1.2.840.113549.1.12.10.1.';
const X509 = oid('1.2.840.113549.1.9.22.1');
const LOCAL_KEY_ID = oid('1.2.840.113549.1.9.21');
const FRIENDLY_NAME = oid('1.2.840.113549.1.9.20');
const JAVA_TRUST = oid('2.16.840.1.113894.746875.1.1');
const ANY_EXTENDED_KEY_USAGE = oid('2.5.29.37.0');
const SHA256 = oid('2.16.840.1.101.3.4.2.1');

/** What writing needs besides the content. */
export interface Sealing {
  readonly password: string;
  readonly randomBytes: (count: number) => Uint8Array;
  readonly budget: Budget;
}

/** An archive of a key, its certificate and certificates of authorities. */
export function writeArchive(
  key: KeyObject,
  certificate: Certificate,
  authorities: readonly Certificate[],
  sealing: Sealing,
): Buffer {
  const sealer = new Sealer(sealing);
  const id = createHash('sha1').update(certificate.raw).digest();
  const attributes = set(sequence(LOCAL_KEY_ID, set(octets(id))));
  const bags = [certificateBag(certificate, attributes), ...authorities.map((authority) => certificateBag(authority))];
  const shrouded = sealer.seal(key.export({ type: 'pkcs8', format: 'der' }));
  const keyBag = sequence(
    oid(`${BAGS}2`),
    explicit(0, sequence(shrouded.algorithm, octets(shrouded.data))),
    attributes,
  );
  return sealer.archive([sealer.encrypted(sequence(...bags)), plain(sequence(keyBag))]);
}

/** A Java trust store: certificates only, each named after its subject. */
export function writeTrustStore(certificates: readonly Certificate[], sealing: Sealing): Buffer {
  const sealer = new Sealer(sealing);
  const bags = certificates.map((certificate) => certificateBag(certificate, trustAttributes(certificate)));
  return sealer.archive([sealer.encrypted(sequence(...bags))]);
}

function trustAttributes(certificate: Certificate): Buffer {
  const name = Buffer.from(Buffer.from(nameText(certificate.subject), 'latin1').toString('utf8'), 'utf16le').swap16();
  return set(
    sequence(FRIENDLY_NAME, set(der(TAGS.bmpString, name))),
    sequence(JAVA_TRUST, set(ANY_EXTENDED_KEY_USAGE)),
  );
}

function certificateBag({ raw }: Certificate, attributes?: Buffer): Buffer {
  const value = explicit(0, sequence(X509, explicit(0, octets(raw))));
  return sequence(oid(`${BAGS}3`), value, ...(attributes === undefined ? [] : [attributes]));
}

const plain = (content: Buffer): Buffer => sequence(DATA, explicit(0, octets(content)));

class Sealer {
  private readonly sealing: Sealing;
  private readonly password: Password;

  constructor(sealing: Sealing) {
    this.sealing = sealing;
    const [form] = passwordForms(sealing.password);
    this.password = form ?? { utf8: Buffer.alloc(0), bmp: Buffer.alloc(0) };
  }

  private random(count: number): Buffer {
    return Buffer.from(this.sealing.randomBytes(count));
  }

  /** Encrypted bytes and the description of how. */
  seal(content: Buffer): { algorithm: Buffer; data: Buffer } {
    this.sealing.budget.spend(ITERATIONS * 10);
    const salt = this.random(SALT_BYTES);
    const iv = this.random(16);
    const key = pbkdf2Sync(this.password.utf8, salt, ITERATIONS, 32, 'sha256');
    const cipher = createCipheriv('aes-256-cbc', key, iv);
    const prf = sequence(oid('1.2.840.113549.2.9'), nothing());
    const derivation = sequence(oid('1.2.840.113549.1.5.12'), sequence(octets(salt), integer(ITERATIONS), prf));
    const encryption = sequence(oid('2.16.840.1.101.3.4.1.42'), octets(iv));
    return {
      algorithm: sequence(oid('1.2.840.113549.1.5.13'), sequence(derivation, encryption)),
      data: Buffer.concat([cipher.update(content), cipher.final()]),
    };
  }

  encrypted(content: Buffer): Buffer {
    const { algorithm, data } = this.seal(content);
    const info = sequence(DATA, algorithm, der(0x80, data));
    return sequence(ENCRYPTED_DATA, explicit(0, sequence(integer(0), info)));
  }

  /** The whole file around the contents, with its MAC. */
  archive(contents: readonly Buffer[]): Buffer {
    const safe = sequence(...contents);
    const salt = this.random(SALT_BYTES);
    const key = deriveOld('sha256', this.password.bmp, salt, ITERATIONS, 3, 32, this.sealing.budget);
    const digest = sequence(sequence(SHA256, nothing()), octets(hmac('sha256', key, safe)));
    const mac = sequence(digest, octets(salt), integer(ITERATIONS));
    return sequence(integer(3), plain(safe), mac);
  }
}
