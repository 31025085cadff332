/**
 * Getting keys from STS: by a role, or by a role and a ServiceAccount's token. One call per session life.
 */
import {
  AssumeRoleCommand,
  AssumeRoleWithWebIdentityCommand,
  GetSessionTokenCommand,
  STSClient,
  type Credentials,
} from '@aws-sdk/client-sts';
import { AuthenticationError, InvalidProviderConfigError, ProviderError } from '../errors.ts';
import type { ApiCallObserver, ProviderEnvironment } from '../provider.ts';
import type { AwsKeys, KeySource } from './keys.ts';
import { awsCaller, sdkConfig, type AwsCaller } from './sdk.ts';

/** The most that AWS grants to chained roles, so the most that always works (D74). */
const SESSION_SECONDS = 3_600;
/** The name is part of the identity that AWS puts into error texts: it never changes, so neither do they. */
const SESSION_NAME = 'external-secrets-provider-aws';

export interface StsContext {
  readonly region: string;
  readonly environment: ProviderEnvironment;
  readonly observe: ApiCallObserver;
  readonly signal: AbortSignal;
}

export interface RoleRequest {
  readonly arn: string;
  readonly externalId?: string | undefined;
  readonly tags?: readonly { readonly key: string; readonly value: string }[] | undefined;
  readonly transitiveTagKeys?: readonly string[] | undefined;
}

/** AssumeRole, signed with the keys of `source`. */
export async function assumeRole(context: StsContext, source: KeySource, role: RoleRequest): Promise<AwsKeys> {
  const { client, caller } = stsFor(context, source);
  const command = new AssumeRoleCommand({
    RoleArn: role.arn,
    RoleSessionName: SESSION_NAME,
    DurationSeconds: SESSION_SECONDS,
    ExternalId: role.externalId,
    Tags: role.tags?.map(({ key, value }) => ({ Key: key, Value: value })),
    TransitiveTagKeys: role.transitiveTagKeys === undefined ? undefined : [...role.transitiveTagKeys],
  });
  try {
    const answer = await caller.call(
      'AssumeRole',
      (abortSignal) => client.send(command, { abortSignal }),
      context.signal,
    );
    return keysOf(answer.Credentials);
  } catch (error) {
    throw explained(error, `role "${role.arn}" cannot be assumed`, roleRemedy(error));
  }
}

export interface WebIdentity {
  readonly roleArn: string;
  readonly token: string;
  /** Who the token speaks for, for error texts, e.g. `system:serviceaccount:shop:shop-aws`. */
  readonly subject: string;
  readonly audiences: readonly string[];
  readonly sessionName?: string | undefined;
}

/** AssumeRoleWithWebIdentity: not signed, the token is the proof. */
export async function assumeRoleWithWebIdentity(context: StsContext, identity: WebIdentity): Promise<AwsKeys> {
  const { client, caller } = stsFor(context, undefined);
  const command = new AssumeRoleWithWebIdentityCommand({
    RoleArn: identity.roleArn,
    RoleSessionName: identity.sessionName ?? SESSION_NAME,
    WebIdentityToken: identity.token,
    DurationSeconds: SESSION_SECONDS,
  });
  try {
    const action = 'AssumeRoleWithWebIdentity';
    const answer = await caller.call(action, (abortSignal) => client.send(command, { abortSignal }), context.signal);
    return keysOf(answer.Credentials);
  } catch (error) {
    const offered = `subject "${identity.subject}" and audience "${identity.audiences.join('", "')}" were offered`;
    const remedy = 'the role’s trust policy must allow both, for the OIDC provider of this cluster';
    throw explained(
      error,
      `role "${identity.roleArn}" cannot be assumed with a ServiceAccount's token: ${offered}`,
      remedy,
    );
  }
}

export interface SessionToken {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string;
  readonly expiresAt: Date | undefined;
}

/** GetSessionToken, for the generator STSSessionToken. Without a duration AWS grants twelve hours. */
export async function getSessionToken(
  context: StsContext,
  keys: KeySource,
  requested: {
    readonly sessionDuration?: number | undefined;
    readonly serialNumber?: string | undefined;
    readonly tokenCode?: string | undefined;
  },
): Promise<SessionToken> {
  const { client, caller } = stsFor(context, keys);
  const command = new GetSessionTokenCommand({
    DurationSeconds: requested.sessionDuration,
    SerialNumber: requested.serialNumber,
    TokenCode: requested.tokenCode,
  });
  const send = (abortSignal: AbortSignal) => client.send(command, { abortSignal });
  const { Credentials: given } = await caller.call('GetSessionToken', send, context.signal);
  const { accessKeyId, secretAccessKey, sessionToken } = keysOf(given);
  if (sessionToken === undefined) throw new AuthenticationError('STS answered without a session token');
  return { accessKeyId, secretAccessKey, sessionToken, expiresAt: given?.Expiration };
}

function stsFor(context: StsContext, keys: KeySource | undefined): { client: STSClient; caller: AwsCaller } {
  const { region, environment, observe } = context;
  const client = new STSClient(sdkConfig({ region, environment, endpointVariable: 'AWS_STS_ENDPOINT', keys }));
  return { client, caller: awsCaller({ label: 'AWS/STS', service: 'sts', region, observe, keys }) };
}

function keysOf(credentials: Credentials | undefined): AwsKeys {
  const { AccessKeyId, SecretAccessKey, SessionToken } = credentials ?? {};
  if (AccessKeyId === undefined || SecretAccessKey === undefined) {
    throw new AuthenticationError('STS answered without credentials');
  }
  return {
    accessKeyId: AccessKeyId,
    secretAccessKey: SecretAccessKey,
    sessionToken: SessionToken,
    lifeMs: SESSION_SECONDS * 1000,
  };
}

function roleRemedy(error: unknown): string {
  const denied = error instanceof ProviderError && /AccessDenied/.test(error.code ?? '');
  return denied
    ? 'the identity above needs sts:AssumeRole (and sts:TagSession for tags) on it, and its trust policy must allow that identity and the external id'
    : '';
}

/** A denial by STS is a failed login; a malformed ARN is the store's fault; outages stay what they are. */
function explained(error: unknown, what: string, remedy: string): unknown {
  if (!(error instanceof ProviderError)) return error;
  const message = `${what}: ${error.message.replace(/; allow sts:.*$/, '')}${remedy === '' ? '' : `; ${remedy}`}`;
  const init = { code: error.code, cause: error };
  switch (error.name) {
    case 'PermissionDeniedError':
    case 'AuthenticationError':
    case 'SecretNotFoundError':
      return new AuthenticationError(message, init);
    case 'InvalidRefError':
      return isTokenProblem(error)
        ? new AuthenticationError(message, init)
        : new InvalidProviderConfigError(`${message}; ${ROLE_FORM}`, init);
    default:
      return error;
  }
}

/** The usual mistake is a placeholder left where the account's number belongs (Q29). */
const ROLE_FORM = 'the ARN of a role is arn:aws:iam::<12 digits of the account>:role/<name>';

function isTokenProblem(error: ProviderError): boolean {
  return ['InvalidIdentityToken', 'IDPRejectedClaim', 'RegionDisabled'].includes(
    error.code?.replace(/Exception$/, '') ?? '',
  );
}
