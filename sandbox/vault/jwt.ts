/**
 * Reading and checking JSON web tokens.
 */
import { createPublicKey, verify, type KeyObject } from 'node:crypto';
import { isObject, type JsonBody } from './json.ts';

export interface Jwt {
  readonly header: JsonBody;
  readonly claims: JsonBody;
  readonly signed: string;
  readonly signature: Buffer;
}

const HASHES: Readonly<Record<string, string>> = { '256': 'sha256', '384': 'sha384', '512': 'sha512' };

/** Undefined when it is not a JWT. The signature is not checked. */
export function readJwt(token: string): Jwt | undefined {
  const [header = '', claims = '', signature = ''] = token.split('.');
  const [parsedHeader, parsedClaims] = [readPart(header), readPart(claims)];
  if (parsedHeader === undefined || parsedClaims === undefined) return undefined;
  return {
    header: parsedHeader,
    claims: parsedClaims,
    signed: `${header}.${claims}`,
    signature: Buffer.from(signature, 'base64url'),
  };
}

export function isSignedBy(jwt: Jwt, key: KeyObject): boolean {
  const algorithm = String(jwt.header['alg']);
  const hash = HASHES[algorithm.slice(2)];
  try {
    if (algorithm === 'EdDSA') return verify(null, Buffer.from(jwt.signed), key, jwt.signature);
    if (hash === undefined || !/^(RS|ES)/.test(algorithm)) return false;
    return verify(hash, Buffer.from(jwt.signed), { key, dsaEncoding: 'ieee-p1363' }, jwt.signature);
  } catch {
    return false;
  }
}

/** Keys of a JWKS document. */
export function keysOf(jwks: unknown): readonly KeyObject[] {
  const keys = isObject(jwks) ? jwks['keys'] : undefined;
  return Array.isArray(keys) ? keys.map((key) => createPublicKey({ key, format: 'jwk' })) : [];
}

export function audiencesOf(claims: JsonBody): readonly string[] {
  const audience = claims['aud'];
  return Array.isArray(audience) ? audience.map(String) : typeof audience === 'string' ? [audience] : [];
}

/** A claim by name, or where that is allowed by JSON pointer such as `/kubernetes.io/namespace`; empty when there is none. */
export function claimText(claims: JsonBody, name: string, allowsPointer: boolean): string {
  const steps = allowsPointer && name.startsWith('/') ? name.slice(1).split('/') : [name];
  const found = steps.reduce<unknown>((value, step) => (isObject(value) ? value[step] : undefined), claims);
  return typeof found === 'string' || typeof found === 'number' || typeof found === 'boolean' ? String(found) : '';
}

function readPart(part: string): JsonBody | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(part, 'base64url').toString('utf8'));
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
