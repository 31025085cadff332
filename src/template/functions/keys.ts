/** JSON Web Keys as PEM, and RSA decryption. */
import { constants, createPrivateKey, createPublicKey, privateDecrypt, type JsonWebKeyInput } from 'node:crypto';
import { decodeText, fromBytes, toBytes } from '../bytes.ts';
import { anyKey, pkcs8Pem } from '../crypto/keys.ts';
import { decodePem, encodePem } from '../crypto/pem.ts';
import { failure, Failure, value as hidden, word } from '../errors.ts';
import { defineWith, type Runtime } from '../signature.ts';

type JsonWebKey = JsonWebKeyInput['key'];

/** Go's names of key types, for the errors about the wrong half of a pair. */
const GO_TYPES: ReadonlyMap<string, string> = new Map([
  ['RSA', 'rsa'],
  ['EC', 'ecdsa'],
  ['OKP', 'ed25519'],
]);

const CURVES: ReadonlySet<string> = new Set(['P-256', 'P-384', 'P-521', 'Ed25519']);

/** The text as far as its first object goes; Go's reader of keys does not look at what follows. */
function firstObject(text: string): string {
  let depth = 0;
  for (const { 0: token, index } of text.matchAll(/"(?:\\.|[^"\\])*"|[{}]/g)) {
    if (token === '{') depth++;
    if (token === '}' && --depth === 0) return text.slice(0, index + 1);
  }
  return text;
}

/** A single asymmetric key of the kinds Go's tools take. @throws Failure */
function parseJwk(text: string): JsonWebKey {
  let parsed: unknown;
  try {
    parsed = JSON.parse(firstObject(decodeText(text)));
  } catch {
    throw failure`failed to unmarshal JWK: invalid JSON`;
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) throw failure`failed to unmarshal JWK`;
  const jwk = parsed as JsonWebKey;
  const known = typeof jwk.kty === 'string' && GO_TYPES.has(jwk.kty);
  if (!known || (jwk.kty !== 'RSA' && !CURVES.has(String(jwk.crv)))) throw failure`unsupported JWK key type`;
  return jwk;
}

function goType(jwk: JsonWebKey, half: 'PrivateKey' | 'PublicKey'): string {
  const name = GO_TYPES.get(String(jwk.kty)) ?? '';
  return name === 'ed25519' ? `ed25519.${half}` : `*${name}.${half}`;
}

function attempt<T>(make: () => T): T {
  try {
    return make();
  } catch {
    throw failure`failed to get raw key: malformed JWK`;
  }
}

function publicPem(runtime: Runtime, text: string): string {
  runtime.budget.spend(2000);
  const jwk = parseJwk(text);
  if (jwk.d !== undefined) throw failure`x509: unsupported public key type: ${word(goType(jwk, 'PrivateKey'))}`;
  const der = attempt(() => createPublicKey({ key: jwk, format: 'jwk' }).export({ type: 'spki', format: 'der' }));
  return encodePem('PUBLIC KEY', der);
}

function privatePem(runtime: Runtime, text: string): string {
  runtime.budget.spend(2000);
  const jwk = parseJwk(text);
  if (jwk.d === undefined) {
    throw failure`x509: unknown key type while marshaling PKCS#8: ${word(goType(jwk, 'PublicKey'))}`;
  }
  return pkcs8Pem(attempt(() => createPrivateKey({ key: jwk, format: 'jwk' })));
}

const OAEP_HASHES: ReadonlyMap<string, string> = new Map([
  ['SHA1', 'sha1'],
  ['SHA512', 'sha512'],
]);

function decrypt(runtime: Runtime, scheme: string, hash: string, ciphertext: string, key: string): string {
  if (scheme === 'None') return ciphertext;
  if (scheme !== 'RSA-OAEP') throw failure`decryption scheme ${hidden(scheme)} is not supported`;
  runtime.budget.spend(20_000);
  const found = decodePem(key);
  if (found === undefined) throw failure`failed to decode PEM block`;
  const privateKey = rsaKey(found.block.bytes);
  try {
    const options = { key: privateKey, padding: constants.RSA_PKCS1_OAEP_PADDING };
    return fromBytes(privateDecrypt({ ...options, oaepHash: OAEP_HASHES.get(hash) ?? 'sha256' }, toBytes(ciphertext)));
  } catch {
    throw failure`error decrypting data with RSA: crypto/rsa: decryption error`;
  }
}

function rsaKey(bytes: Buffer): ReturnType<typeof anyKey> {
  const key = attemptKey(bytes);
  if (key.asymmetricKeyType !== 'rsa') throw failure`could not parse RSA private key`;
  return key;
}

function attemptKey(bytes: Buffer): ReturnType<typeof anyKey> {
  try {
    return anyKey(bytes);
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    throw failure`could not parse private key: ${error.detail}`;
  }
}

export const keyFunctions = [
  ...defineWith('jwkPublicKeyPem', 'string', publicPem),
  ...defineWith('jwkPrivateKeyPem', 'string', privatePem),
  ...defineWith('rsaDecrypt', 'string string string string', decrypt),
];
