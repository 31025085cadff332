/** PKCS#12 archives: opening and writing them. */
import { encodeBase64 } from './base-n.ts';
import { failure, Failure, word } from '../errors.ts';
import { fromBytes, toBytes } from '../bytes.ts';
import { parseCertificate, type Certificate } from '../crypto/certificate.ts';
import { orderChain } from '../crypto/chain.ts';
import { anyKey, pkcs8Pem } from '../crypto/keys.ts';
import { decodeAllPem, decodePem, type PemBlock } from '../crypto/pem.ts';
import { readArchive, type Archive } from '../crypto/pkcs12-read.ts';
import { writeArchive, writeTrustStore, type Sealing } from '../crypto/pkcs12-write.ts';
import { defineWith, type Runtime } from '../signature.ts';
import { certificatePem } from './certificates.ts';

/** Opens an archive; `what` names the thing in the error. */
function open(runtime: Runtime, what: string, password: string, archive: string): Archive {
  runtime.budget.spend(archive.length);
  try {
    return readArchive(toBytes(archive), password, runtime.budget);
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    throw failure`unable to decode ${word(what)} with password: ${error.detail}`;
  }
}

function keyOf(runtime: Runtime, password: string, archive: string): string {
  return pkcs8Pem(open(runtime, 'pkcs12', password, archive).key);
}

function certificatesOf(runtime: Runtime, password: string, archive: string): string {
  const { certificates } = open(runtime, 'pkcs12 certificate', password, archive);
  return certificatePem(orderedIfChain(certificates));
}

function orderedIfChain(certificates: readonly Certificate[]): readonly Certificate[] {
  try {
    const chain = orderChain(certificates);
    return chain.length === certificates.length ? chain : certificates;
  } catch (error) {
    if (error instanceof Failure) return certificates;
    throw error;
  }
}

const sealing = (runtime: Runtime, password: string): Sealing => ({
  password,
  randomBytes: runtime.randomBytes,
  budget: runtime.budget,
});

function firstBlock(pem: string, what: string): { block: PemBlock; rest: string } {
  const found = decodePem(pem);
  if (found === undefined) throw failure`no PEM block in the ${word(what)}`;
  return found;
}

function pack(runtime: Runtime, certificate: string, key: string, password: string, full: boolean): string {
  const { block, rest } = firstBlock(certificate, 'certificate');
  const leaf = parseCertificate(block.bytes);
  const authorities = full ? allCertificates(rest) : [];
  const privateKey = anyKey(firstBlock(key, 'key').block.bytes);
  return encodeBase64(fromBytes(writeArchive(privateKey, leaf, authorities, sealing(runtime, password))));
}

/** Every block must be a certificate, and nothing may follow the last. */
function allCertificates(pem: string): Certificate[] {
  const { blocks, rest } = decodeAllPem(pem);
  if (rest !== '') throw failure`text after the last PEM block of the certificates`;
  return blocks.map((block) => parseCertificate(block.bytes));
}

function trustStore(runtime: Runtime, certificates: string, password: string): string {
  return encodeBase64(fromBytes(writeTrustStore(allCertificates(certificates), sealing(runtime, password))));
}

export const archiveFunctions = [
  ...defineWith('pkcs12key', 'string', (runtime, archive) => keyOf(runtime, '', archive)),
  ...defineWith('pkcs12keyPass', 'string string', keyOf),
  ...defineWith('pkcs12cert', 'string', (runtime, archive) => certificatesOf(runtime, '', archive)),
  ...defineWith('pkcs12certPass', 'string string', certificatesOf),
  ...defineWith('pemToPkcs12', 'string string', (runtime, cert, key) => pack(runtime, cert, key, '', false)),
  ...defineWith('pemToPkcs12Pass', 'string string string', (runtime, cert, key, password) =>
    pack(runtime, cert, key, password, false),
  ),
  ...defineWith('fullPemToPkcs12', 'string string', (runtime, cert, key) => pack(runtime, cert, key, '', true)),
  ...defineWith('fullPemToPkcs12Pass', 'string string string', (runtime, cert, key, password) =>
    pack(runtime, cert, key, password, true),
  ),
  ...defineWith('pemTruststoreToPKCS12', 'string', (runtime, certs) => trustStore(runtime, certs, '')),
  ...defineWith('pemTruststoreToPKCS12Pass', 'string string', trustStore),
];
