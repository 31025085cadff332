/**
 * STS: roles by keys, roles by web identity, session tokens.
 */
import type { Clock } from '../../src/clock.ts';
import { denied } from './faults.ts';
import type { Identities, Principal, SessionKeys } from './identities.ts';
import { AwsFault, text, type Json } from './wire.ts';

const ROLE = /^arn:aws[a-z-]*:iam::(\d{12}):role\/([\w+=,.@/-]+)$/;
const HOUR = 3_600;

export class Sts {
  readonly #identities: Identities;
  readonly #clock: Clock;

  constructor(identities: Identities, clock: Clock) {
    this.#identities = identities;
    this.#clock = clock;
  }

  call(action: string, input: Json, principal: Principal | undefined): Json {
    switch (action) {
      case 'AssumeRole':
        return this.#assumeRole(input, principal!);
      case 'AssumeRoleWithWebIdentity':
        return this.#withWebIdentity(input);
      case 'GetCallerIdentity':
        return { Arn: principal!.arn, UserId: 'AIDASANDBOX', Account: principal!.account };
      case 'GetSessionToken':
        return { Credentials: wire(this.#identities.issue(principal!.arn, undefined, seconds(input, 43_200))) };
      default:
        throw new AwsFault('InvalidAction', `Could not find operation ${action} for version 2011-06-15`);
    }
  }

  #assumeRole(input: Json, principal: Principal): Json {
    const role = text(input, 'RoleArn') ?? '';
    const { name } = parseRole(role);
    const trust = this.#identities.trustOf(role);
    const wrongId = trust?.externalId !== undefined && trust.externalId !== text(input, 'ExternalId');
    const stranger = trust?.principals !== undefined && !this.#identities.isAmong(principal, trust.principals);
    if (wrongId || stranger) throw denied('sts', 'AssumeRole', principal.arn, role);
    const wanted = seconds(input, HOUR);
    if (principal.isRole && wanted > HOUR) {
      throw new AwsFault(
        'ValidationError',
        'The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining',
      );
    }
    return this.#session(role, name, text(input, 'RoleSessionName') ?? 'session', wanted);
  }

  #withWebIdentity(input: Json): Json {
    const role = text(input, 'RoleArn') ?? '';
    const { name } = parseRole(role);
    const claims = claimsOf(text(input, 'WebIdentityToken') ?? '');
    if ((claims.exp ?? Infinity) * 1000 <= this.#clock.now()) {
      throw new AwsFault(
        'ExpiredTokenException',
        'Token expired: current date/time must be before the expiration date/time',
      );
    }
    const trust = this.#identities.trustOf(role);
    if (trust?.issuers !== undefined && !trust.issuers.includes(claims.iss ?? '')) {
      const message = `No OpenIDConnect provider found in your account for ${claims.iss ?? ''}`;
      throw new AwsFault('InvalidIdentityToken', message);
    }
    const audiences = typeof claims.aud === 'string' ? [claims.aud] : (claims.aud ?? []);
    if (trust !== undefined && !audiences.includes(trust.audience ?? 'sts.amazonaws.com')) {
      throw new AwsFault('InvalidIdentityToken', 'Incorrect token audience');
    }
    if (trust?.subjects !== undefined && !trust.subjects.includes(claims.sub ?? '')) {
      throw new AwsFault('AccessDenied', 'Not authorized to perform sts:AssumeRoleWithWebIdentity', 403);
    }
    const session = this.#session(role, name, text(input, 'RoleSessionName') ?? 'session', seconds(input, HOUR));
    return { ...session, SubjectFromWebIdentityToken: claims.sub, Audience: audiences[0], Provider: claims.iss };
  }

  #session(roleArn: string, roleName: string, sessionName: string, life: number): Json {
    const account = roleArn.split(':')[4] ?? '';
    const arn = `arn:aws:sts::${account}:assumed-role/${roleName}/${sessionName}`;
    const credentials = wire(this.#identities.issue(arn, roleArn, life));
    return { Credentials: credentials, AssumedRoleUser: { Arn: arn, AssumedRoleId: `AROASANDBOX:${sessionName}` } };
  }
}

interface Claims {
  readonly iss?: string;
  readonly sub?: string;
  readonly aud?: string | readonly string[];
  readonly exp?: number;
}

function claimsOf(token: string): Claims {
  try {
    const [, payload = '', signature = ''] = token.split('.');
    if (signature === '') throw new Error('no signature');
    return JSON.parse(Buffer.from(payload, 'base64url').toString('utf8')) as Claims;
  } catch {
    throw new AwsFault(
      'InvalidIdentityToken',
      'The ID Token provided is not a valid JWT. (You may see this error if you sent an Access Token)',
    );
  }
}

function parseRole(arn: string): { name: string } {
  const found = ROLE.exec(arn);
  if (found === null) throw new AwsFault('ValidationError', `${arn} is invalid`);
  return { name: found[2]!.split('/').at(-1)! };
}

function seconds(input: Json, fallback: number): number {
  const wanted = Number(text(input, 'DurationSeconds') ?? fallback);
  if (wanted >= 900) return wanted;
  throw new AwsFault(
    'ValidationError',
    `1 validation error detected: Value '${wanted}' at 'durationSeconds' failed to satisfy constraint: Member must have value greater than or equal to 900`,
  );
}

function wire(keys: SessionKeys): Json {
  return {
    AccessKeyId: keys.accessKeyId,
    SecretAccessKey: keys.secretAccessKey,
    SessionToken: keys.sessionToken,
    Expiration: new Date(keys.expiresAt).toISOString(),
  };
}
