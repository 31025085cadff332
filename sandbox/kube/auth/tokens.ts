/**
 * ServiceAccount tokens: real RS256 JWTs with the claims of kube-apiserver, their public keys, and their verification
 * by the injected clock.
 */
import type { KeyObject } from 'node:crypto';
import { createHash, createPublicKey, generateKeyPair, randomUUID, sign, verify } from 'node:crypto';
import { promisify } from 'node:util';
import type { Json, JsonObject } from '../json.ts';
import { compact, isObject, listAt, textAt } from '../json.ts';

export const ISSUER = 'https://kubernetes.default.svc';
export const DEFAULT_AUDIENCE = ISSUER;

export interface TokenSubject {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  /** `{ secret: { name, uid } }` when the token is bound to an object. */
  readonly boundTo?: JsonObject;
}

export interface Claims {
  readonly subject: TokenSubject;
  readonly audiences: readonly string[];
  readonly id: string;
}

export class Tokens {
  readonly #privateKey: KeyObject;
  readonly #publicKey: KeyObject;
  readonly #keyId: string;

  private constructor(privateKey: KeyObject) {
    this.#privateKey = privateKey;
    this.#publicKey = createPublicKey(privateKey);
    const der = this.#publicKey.export({ type: 'spki', format: 'der' });
    this.#keyId = createHash('sha256').update(der).digest('base64url');
  }

  /** With a fresh RSA key. */
  static async create(): Promise<Tokens> {
    const { privateKey } = await promisify(generateKeyPair)('rsa', { modulusLength: 2048 });
    return new Tokens(privateKey);
  }

  /** Signs a token that is valid from `now` for `seconds`. `now` in milliseconds. */
  issue(subject: TokenSubject, audiences: readonly string[], seconds: number, now: number): string {
    const issuedAt = Math.floor(now / 1000);
    const claims = compact({
      aud: audiences,
      exp: issuedAt + seconds,
      iat: issuedAt,
      iss: ISSUER,
      jti: randomUUID(),
      'kubernetes.io': {
        namespace: subject.namespace,
        ...subject.boundTo,
        serviceaccount: { name: subject.name, uid: subject.uid },
      },
      nbf: issuedAt,
      sub: `system:serviceaccount:${subject.namespace}:${subject.name}`,
    });
    const signed = `${encode({ alg: 'RS256', kid: this.#keyId })}.${encode(claims)}`;
    return `${signed}.${sign('RSA-SHA256', Buffer.from(signed), this.#privateKey).toString('base64url')}`;
  }

  /** The claims of a token that we signed and that is valid at `now`; undefined otherwise. */
  verify(token: string, now: number): Claims | undefined {
    const [header = '', payload = '', signature = '', ...rest] = token.split('.');
    if (rest.length > 0 || signature === '') return undefined;
    const genuine = verify(
      'RSA-SHA256',
      Buffer.from(`${header}.${payload}`),
      this.#publicKey,
      Buffer.from(signature, 'base64url'),
    );
    return genuine ? claimsOf(decode(payload), now) : undefined;
  }

  /** The key set of `/openid/v1/jwks`. */
  jwks(): JsonObject {
    const { kty, n, e } = this.#publicKey.export({ format: 'jwk' });
    return { keys: [compact({ use: 'sig', kty, kid: this.#keyId, alg: 'RS256', n, e })] };
  }
}

function encode(value: JsonObject): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}

function decode(part: string): Json {
  try {
    return JSON.parse(Buffer.from(part, 'base64url').toString('utf8')) as Json;
  } catch {
    return null;
  }
}

function claimsOf(payload: Json, now: number): Claims | undefined {
  if (!isObject(payload)) return undefined;
  const { exp, nbf } = payload;
  const seconds = now / 1000;
  if (typeof exp !== 'number' || typeof nbf !== 'number' || exp <= seconds || nbf > seconds + 1) return undefined;
  const kubernetes = payload['kubernetes.io'];
  const { namespace: _namespace, serviceaccount: _serviceaccount, ...boundTo } = isObject(kubernetes) ? kubernetes : {};
  return {
    subject: {
      namespace: textAt(kubernetes, 'namespace') ?? '',
      name: textAt(kubernetes, 'serviceaccount', 'name') ?? '',
      uid: textAt(kubernetes, 'serviceaccount', 'uid') ?? '',
      boundTo,
    },
    audiences: listAt(payload, 'aud') as readonly string[],
    id: textAt(payload, 'jti') ?? '',
  };
}
