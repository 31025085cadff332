/**
 * Who may call: access keys that tests registered and sessions that our STS gave out, with their expiry by the injected
 * clock, and which roles trust whom.
 */
import { randomBytes } from 'node:crypto';
import type { Clock } from '../../src/clock.ts';
import type { RoleTrust } from '../../test/integration/env.ts';
import { isSignedWith, parseAuthorization } from './signature.ts';
import { AwsFault, type AwsRequest } from './wire.ts';

export interface Principal {
  readonly arn: string;
  readonly account: string;
  readonly region: string;
  /** True for the keys of an assumed role: AWS then limits further sessions to an hour. */
  readonly isRole: boolean;
  /** The role that was assumed; undefined for a user. */
  readonly role: string | undefined;
}

/** What a role's trust policy asks for. What is absent is not checked. */
export interface Trust extends RoleTrust {
  readonly externalId?: string;
  /** ARNs (users, roles or accounts' roots) that may assume the role. */
  readonly principals?: readonly string[];
  /** OIDC providers that the role's account knows. A token of another issuer is refused before anything else. */
  readonly issuers?: readonly string[];
}

export interface SessionKeys {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string;
  readonly expiresAt: number;
}

interface Key {
  readonly secretAccessKey: string;
  readonly sessionToken: string | undefined;
  readonly expiresAt: number;
  readonly arn: string;
  /** For a session: the role it came from. */
  readonly roleArn: string | undefined;
}

export const USER_ACCOUNT = '111122223333';

export class Identities {
  readonly #clock: Clock;
  readonly #keys = new Map<string, Key>();
  readonly #trusts = new Map<string, Trust>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  addAccessKey(accessKeyId: string, secretAccessKey: string, user: string): void {
    const arn = `arn:aws:iam::${USER_ACCOUNT}:user/${user}`;
    this.#keys.set(accessKeyId, {
      secretAccessKey,
      sessionToken: undefined,
      expiresAt: Infinity,
      arn,
      roleArn: undefined,
    });
  }

  removeAccessKey(accessKeyId: string): void {
    this.#keys.delete(accessKeyId);
  }

  expireSessions(): void {
    for (const [id, key] of this.#keys) {
      if (key.sessionToken !== undefined) this.#keys.set(id, { ...key, expiresAt: this.#clock.now() });
    }
  }

  trustRole(arn: string, trust: Trust): void {
    this.#trusts.set(arn, trust);
  }

  trustOf(roleArn: string): Trust | undefined {
    return this.#trusts.get(roleArn);
  }

  /** May the holder of `arn` (or the role behind it) use what is granted to `principals`? */
  isAmong(principal: Principal, principals: readonly string[]): boolean {
    const role = [...this.#keys.values()].find((key) => key.arn === principal.arn)?.roleArn;
    return principals.some(
      (granted) =>
        granted === '*' ||
        granted === principal.arn ||
        granted === role ||
        granted === `arn:aws:iam::${principal.account}:root`,
    );
  }

  /** New keys for `seconds`. `arn` is who they speak for. */
  issue(arn: string, roleArn: string | undefined, seconds: number): SessionKeys {
    const keys = {
      accessKeyId: `ASIA${randomBytes(10).toString('hex').slice(0, 16).toUpperCase()}`,
      secretAccessKey: randomBytes(30).toString('base64'),
      sessionToken: randomBytes(60).toString('base64'),
      expiresAt: this.#clock.now() + seconds * 1000,
    };
    this.#keys.set(keys.accessKeyId, { ...keys, arn, roleArn });
    return keys;
  }

  /** Who signed the request. @throws AwsFault when nobody we know, or not any more */
  authenticate(request: AwsRequest): Principal {
    const sts = request.service === 'sts';
    const authorization = parseAuthorization(request);
    if (authorization === undefined) {
      throw sts
        ? new AwsFault('MissingAuthenticationToken', 'Request is missing Authentication Token', 403)
        : new AwsFault('MissingAuthenticationTokenException', 'Missing Authentication Token');
    }
    const key = this.#keys.get(authorization.accessKeyId);
    const token = request.headers['x-amz-security-token'];
    if (key === undefined || (key.sessionToken !== undefined && key.sessionToken !== token)) {
      const message = 'The security token included in the request is invalid.';
      throw sts
        ? new AwsFault('InvalidClientTokenId', message, 403)
        : new AwsFault('UnrecognizedClientException', message);
    }
    if (this.#clock.now() >= key.expiresAt) throw expiredToken(request.service);
    if (!isSignedWith(request, authorization, key.secretAccessKey)) {
      const message =
        'The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details.';
      throw sts
        ? new AwsFault('SignatureDoesNotMatch', message, 403)
        : new AwsFault('InvalidSignatureException', message);
    }
    const account = key.arn.split(':')[4] ?? USER_ACCOUNT;
    return {
      arn: key.arn,
      account,
      region: authorization.region,
      isRole: key.roleArn !== undefined,
      role: key.roleArn,
    };
  }
}

export function expiredToken(service: string): AwsFault {
  const message = 'The security token included in the request is expired';
  return service === 'sts'
    ? new AwsFault('ExpiredToken', message, 403)
    : new AwsFault('ExpiredTokenException', message);
}
