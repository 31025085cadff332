/** X.509 certificates, as far as templates ask about them: names, key identifiers, alternative names. */
import { failure, Failure } from '../errors.ts';
import { encodeText } from '../bytes.ts';
import { parseDer, TAGS, type DerElement } from './der.ts';
import { formatIp } from './ip.ts';

export interface Certificate {
  readonly raw: Buffer;
  /** DER of subject and issuer. */
  readonly subject: Buffer;
  readonly issuer: Buffer;
  /** Empty when absent; two absent ones are equal. */
  readonly subjectKeyId: Buffer;
  readonly authorityKeyId: Buffer;
  readonly alternativeNames: AlternativeNames;
}

export interface AlternativeNames {
  readonly dns: readonly string[];
  readonly ips: readonly string[];
  readonly emails: readonly string[];
  readonly uris: readonly string[];
}

const NO_NAMES: AlternativeNames = { dns: [], ips: [], emails: [], uris: [] };

/** Parses DER bytes. @throws Failure */
export function parseCertificate(bytes: Buffer): Certificate {
  try {
    return readCertificate(bytes);
  } catch (error) {
    if (error instanceof Failure) throw failure`x509: malformed tbs certificate`;
    throw error;
  }
}

function readCertificate(bytes: Buffer): Certificate {
  const [tbs, algorithm, signature, ...more] = parseDer(bytes).expect(TAGS.sequence).children();
  if (tbs === undefined || algorithm === undefined || signature === undefined || more.length > 0) {
    throw failure`x509: malformed certificate`;
  }
  signature.expect(TAGS.bitString);
  const fields = tbs.expect(TAGS.sequence).children();
  const offset = fields[0]?.tag === 0xa0 ? 1 : 0;
  const [serial, , issuer, validity, subject, key] = fields.slice(offset);
  if (serial === undefined || issuer === undefined || subject === undefined || key === undefined) {
    throw failure`x509: malformed tbs certificate`;
  }
  serial.expect(TAGS.integer);
  validity?.expect(TAGS.sequence);
  key.expect(TAGS.sequence);
  const extensions = extensionsOf(fields.find((field) => field.tag === 0xa3));
  return {
    raw: bytes,
    subject: subject.expect(TAGS.sequence).raw,
    issuer: issuer.expect(TAGS.sequence).raw,
    subjectKeyId: keyId(extensions.get('2.5.29.14')),
    authorityKeyId: authorityKeyId(extensions.get('2.5.29.35')),
    alternativeNames: alternativeNames(extensions.get('2.5.29.17')),
  };
}

/** Extension values (what is inside their octet string) by object identifier. */
function extensionsOf(field: DerElement | undefined): Map<string, DerElement> {
  const out = new Map<string, DerElement>();
  for (const extension of field?.child(0).children() ?? []) {
    const parts = extension.children();
    const value = parts.at(-1)?.expect(TAGS.octetString);
    if (parts[0] !== undefined && value !== undefined) out.set(parts[0].oid(), parseDer(value.content));
  }
  return out;
}

const NO_ID = Buffer.alloc(0);

const keyId = (extension: DerElement | undefined): Buffer => extension?.expect(TAGS.octetString).content ?? NO_ID;

function authorityKeyId(extension: DerElement | undefined): Buffer {
  return extension?.children().find((part) => part.tag === 0x80)?.content ?? NO_ID;
}

function alternativeNames(extension: DerElement | undefined): AlternativeNames {
  if (extension === undefined) return NO_NAMES;
  const names = extension.expect(TAGS.sequence).children();
  const texts = (tag: number): string[] =>
    names.filter((name) => name.tag === tag).map((name) => name.content.toString('latin1'));
  const ips = names.filter((name) => name.tag === 0x87).map((name) => formatIp(name.content));
  return { dns: texts(0x82), ips, emails: texts(0x81), uris: texts(0x86) };
}

const SHORT_NAMES: ReadonlyMap<string, string> = new Map([
  ['2.5.4.6', 'C'],
  ['2.5.4.10', 'O'],
  ['2.5.4.11', 'OU'],
  ['2.5.4.3', 'CN'],
  ['2.5.4.5', 'SERIALNUMBER'],
  ['2.5.4.7', 'L'],
  ['2.5.4.8', 'ST'],
  ['2.5.4.9', 'STREET'],
  ['2.5.4.17', 'POSTALCODE'],
]);

/** A distinguished name as RFC 2253 text, last part first. */
export function nameText(name: Buffer): string {
  const parts = parseDer(name).children();
  return parts
    .toReversed()
    .map((part) => part.children().map(attributeText).join('+'))
    .join(',');
}

function attributeText(attribute: DerElement): string {
  const type = attribute.child(0).oid();
  const value = attribute.child(1);
  const short = SHORT_NAMES.get(type);
  if (short === undefined) return `${type}=#${value.raw.toString('hex')}`;
  return `${short}=${escapeName(stringText(value))}`;
}

function stringText(value: DerElement): string {
  if (value.tag !== TAGS.bmpString) return value.content.toString('latin1');
  return encodeText(Buffer.from(value.content).swap16().toString('utf16le'));
}

function escapeName(text: string): string {
  return text.replace(/[,+"\\<>;]|^[ #]| $/g, '\\$&');
}
