/** Opens PKCS#12 archives: one private key and its certificates. */
import { timingSafeEqual, type KeyObject } from 'node:crypto';
import type { Budget } from '../budget.ts';
import { failure, Failure } from '../errors.ts';
import { parseCertificate, type Certificate } from './certificate.ts';
import { parseDer, TAGS, type DerElement } from './der.ts';
import { keyFromDer } from './keys.ts';
import {
  decrypt,
  deriveOld,
  derivePbkdf2,
  HASH_OIDS,
  hmac,
  HMAC_OIDS,
  passwordForms,
  wrongPassword,
  type Password,
} from './pkcs12-password.ts';

export interface Archive {
  readonly key: KeyObject;
  /** In archive order; the first belongs to the key. */
  readonly certificates: readonly Certificate[];
}

const DATA = '1.2.840.113549.1.7.1';
const ENCRYPTED_DATA = '1.2.840.113549.1.7.6';
const BAGS = '1.2.840.113549.1.12.10.1.';
const X509 = '1.2.840.113549.1.9.22.1';

/** @throws Failure */
export function readArchive(bytes: Buffer, password: string, budget: Budget): Archive {
  const [version, authSafe, macData] = outer(bytes);
  if (version?.integer() !== 3n || authSafe === undefined) throw failure`pkcs12: can only decode v3 PFX PDU's`;
  if (authSafe.child(0).oid() !== DATA) throw failure`pkcs12: only password-protected PFX is implemented`;
  const safe = authSafe.child(1).child(0).expect(TAGS.octetString).content;
  const form = verified(safe, macData, password, budget);
  return collect(safe, form, budget);
}

function outer(bytes: Buffer): DerElement[] {
  try {
    return parseDer(bytes).expect(TAGS.sequence).children();
  } catch (error) {
    if (error instanceof Failure) throw failure`pkcs12: error reading P12 data: ${error.detail}`;
    throw error;
  }
}

/** The form of the password that fits the MAC. Without a MAC only the empty password opens. */
function verified(safe: Buffer, macData: DerElement | undefined, password: string, budget: Budget): Password {
  const forms = passwordForms(password);
  const [first] = forms;
  if (macData === undefined) {
    if (password !== '' || first === undefined) throw failure`pkcs12: no MAC in data`;
    return first;
  }
  const form = forms.find((each) => macFits(safe, macData, each, budget));
  if (form === undefined) throw wrongPassword();
  return form;
}

function macFits(safe: Buffer, macData: DerElement, password: Password, budget: Budget): boolean {
  const [digestInfo, salt, iterations] = macData.children();
  if (digestInfo === undefined || salt === undefined) throw failure`pkcs12: malformed MAC`;
  const expected = digestInfo.child(1).expect(TAGS.octetString).content;
  const algorithm = digestInfo.child(0);
  const id = algorithm.child(0).oid();
  const rounds = iterations === undefined ? 1 : Number(iterations.integer());
  const actual =
    id === '1.2.840.113549.1.5.14'
      ? pbmac1(algorithm.child(1), safe, password, budget)
      : oldMac(id, safe, salt.content, rounds, password, budget);
  return actual.length === expected.length && timingSafeEqual(actual, expected);
}

function oldMac(id: string, safe: Buffer, salt: Buffer, rounds: number, password: Password, budget: Budget): Buffer {
  const hash = HASH_OIDS.get(id);
  if (hash === undefined) throw failure`pkcs12: unknown digest algorithm`;
  const size = hmac(hash, Buffer.alloc(0), Buffer.alloc(0)).length;
  return hmac(hash, deriveOld(hash, password.bmp, salt, rounds, 3, size, budget), safe);
}

function pbmac1(params: DerElement, safe: Buffer, password: Password, budget: Budget): Buffer {
  const [derivation, scheme] = params.children();
  const hash = HMAC_OIDS.get(scheme?.child(0).oid() ?? '');
  if (derivation === undefined || hash === undefined) throw failure`pkcs12: unknown MAC algorithm`;
  const size = hmac(hash, Buffer.alloc(0), Buffer.alloc(0)).length;
  const [, , third] = derivation.child(1).children();
  const length = third?.tag === TAGS.integer ? Number(third.integer()) : size;
  if (length < 1 || length > 1024) throw failure`pkcs12: malformed MAC`;
  return hmac(hash, derivePbkdf2(derivation, password.utf8, length, budget), safe);
}

function collect(safe: Buffer, password: Password, budget: Budget): Archive {
  const contents = parseDer(safe).children();
  if (contents.length < 1 || contents.length > 2) {
    throw failure`pkcs12: expected exactly one or two items in the authenticated safe`;
  }
  const certificates: Certificate[] = [];
  const keys: KeyObject[] = [];
  for (const bag of contents.flatMap((content) => bagsOf(content, password, budget))) {
    const kind = bag.child(0).oid();
    const value = bag.child(1).child(0);
    if (kind === `${BAGS}3`) certificates.push(certificateOf(value));
    else if (kind === `${BAGS}1`) keys.push(keyOf(value.raw));
    else if (kind === `${BAGS}2`) keys.push(keyOf(unshroud(value, password, budget)));
  }
  const [key] = keys;
  if (keys.length > 1) throw failure`pkcs12: expected exactly one key bag`;
  if (certificates.length === 0) throw failure`pkcs12: certificate missing`;
  if (key === undefined) throw failure`pkcs12: private key missing`;
  return { key, certificates };
}

function bagsOf(content: DerElement, password: Password, budget: Budget): DerElement[] {
  const kind = content.child(0).oid();
  const inner = content.child(1).child(0);
  if (kind === DATA) return parseDer(inner.expect(TAGS.octetString).content).children();
  if (kind !== ENCRYPTED_DATA) throw failure`pkcs12: only data and encryptedData content types are supported`;
  const [, algorithm, data] = inner.child(1).children();
  if (algorithm === undefined || data === undefined) throw failure`pkcs12: malformed encrypted data`;
  return parseDer(decrypt(algorithm, data.content, password, budget)).children();
}

function unshroud(value: DerElement, password: Password, budget: Budget): Buffer {
  return decrypt(value.child(0), value.child(1).expect(TAGS.octetString).content, password, budget);
}

function certificateOf(value: DerElement): Certificate {
  if (value.child(0).oid() !== X509) throw failure`pkcs12: only X509 certificates are supported`;
  return parseCertificate(Buffer.from(value.child(1).child(0).expect(TAGS.octetString).content));
}

function keyOf(bytes: Buffer): KeyObject {
  const key = keyFromDer(bytes, 'pkcs8');
  if (key === undefined) throw failure`pkcs12: error parsing PKCS#8 private key`;
  return key;
}
