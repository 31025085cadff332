/**
 * What the AWS generators ask: a login for a container registry, a pair of temporary keys (`providers.md` 7.5, 7.6). Each call is made
 * for one consumer at one refresh; nothing is shared or kept.
 */
import { AuthenticationError, InvalidProviderConfigError } from '../errors.ts';
import type { SessionContext } from '../provider.ts';
import { SecretValue } from '../../secret-value.ts';
import { openKeys } from './auth.ts';
import type { KeySource } from './keys.ts';
import { awsCaller, sdkConfig } from './sdk.ts';
import { awsSpec } from './spec.ts';

/** How an AWS generator logs in. Its `secretRef` goes before `jwt`, unlike that of a SecretStore. */
export interface AwsLogin {
  readonly region: string;
  readonly role?: string | undefined;
  readonly auth?: { readonly jwt?: unknown; readonly secretRef?: unknown } | undefined;
}

/** A generator's surroundings, without a spec of the provider's own. */
type Surroundings = Omit<SessionContext<never>, 'spec' | 'retry'>;
type Values = ReadonlyMap<string, SecretValue>;

/** `public` is a service of its own, of which there is one for the whole world. */
export async function ecrLogin(login: AwsLogin, scope: string | undefined, context: Surroundings): Promise<Values> {
  const keys = await keysOf(login, context);
  return scope === 'public' ? publicLogin(login, keys, context) : privateLogin(login, keys, context);
}

async function privateLogin({ region }: AwsLogin, keys: KeySource, context: Surroundings): Promise<Values> {
  const { ECRClient, GetAuthorizationTokenCommand } = await import('@aws-sdk/client-ecr');
  const { environment, observe, signal } = context;
  const client = new ECRClient(sdkConfig({ region, environment, endpointVariable: 'AWS_ECR_ENDPOINT', keys }));
  const caller = awsCaller({ label: 'AWS/ECR', service: 'ecr', region, observe, keys });
  try {
    const command = new GetAuthorizationTokenCommand({});
    const send = (abortSignal: AbortSignal) => client.send(command, { abortSignal });
    const answer = await caller.call('GetAuthorizationToken', send, signal);
    const [data] = answer.authorizationData ?? [];
    const values = registryLogin(data?.authorizationToken, data?.expiresAt);
    return new Map([...values, ['proxy_endpoint', SecretValue.ofText(data?.proxyEndpoint ?? '')]]);
  } finally {
    client.destroy();
  }
}

async function publicLogin({ region }: AwsLogin, keys: KeySource, context: Surroundings): Promise<Values> {
  const { ECRPUBLICClient, GetAuthorizationTokenCommand } = await import('@aws-sdk/client-ecr-public');
  const { environment, observe, signal } = context;
  const endpointVariable = 'AWS_ECR_PUBLIC_ENDPOINT';
  const client = new ECRPUBLICClient(sdkConfig({ region, environment, endpointVariable, keys }));
  const caller = awsCaller({ label: 'AWS/ECRPublic', service: 'ecr-public', region, observe, keys });
  try {
    const command = new GetAuthorizationTokenCommand({});
    const send = (abortSignal: AbortSignal) => client.send(command, { abortSignal });
    const answer = await caller.call('GetAuthorizationToken', send, signal);
    return registryLogin(answer.authorizationData?.authorizationToken, answer.authorizationData?.expiresAt);
  } finally {
    client.destroy();
  }
}

/** The token is base64 of `<user>:<password>`. */
function registryLogin(token: string | undefined, expiresAt: Date | undefined): Values {
  const parts = Buffer.from(token ?? '', 'base64')
    .toString('utf8')
    .split(':');
  const [username, password] = parts;
  if (parts.length !== 2 || username === undefined || password === undefined)
    throw new AuthenticationError('ECR answered without a login of the form "user:password"');
  return texts({ username, password, expires_at: unixSeconds(expiresAt) });
}

export interface SessionTokenRequest {
  /** Seconds. */
  readonly sessionDuration?: number | undefined;
  readonly serialNumber?: string | undefined;
  readonly tokenCode?: string | undefined;
}

/** `requested` as in `spec.requestParameters`. AWS gives these to long-lived keys only, not to roles. */
export async function stsSessionToken(
  login: AwsLogin,
  requested: SessionTokenRequest,
  context: Surroundings,
): Promise<Values> {
  if (login.auth?.secretRef === undefined && login.auth?.jwt !== undefined)
    throw new InvalidProviderConfigError(
      'auth.jwt cannot be used here: AWS gives session tokens to long-lived keys only; set auth.secretRef',
    );
  const keys = await keysOf(login, context);
  const { getSessionToken } = await import('./sts.ts');
  const { region } = login;
  const { environment, observe, signal } = context;
  const answer = await getSessionToken({ region, environment, observe, signal }, keys, requested);
  return texts({
    access_key_id: answer.accessKeyId,
    secret_access_key: answer.secretAccessKey,
    session_token: answer.sessionToken,
    expiration: unixSeconds(answer.expiresAt),
  });
}

function keysOf({ region, role, auth }: AwsLogin, context: Surroundings): Promise<KeySource> {
  const wins = auth?.secretRef === undefined ? auth : { secretRef: auth.secretRef };
  const spec = awsSpec.parse({ service: 'SecretsManager', region, role, auth: wins });
  return openKeys({ ...context, spec, retry: undefined });
}

function unixSeconds(at: Date | undefined): string {
  return at === undefined ? '' : String(Math.floor(at.getTime() / 1000));
}

function texts(values: Readonly<Record<string, string>>): Values {
  return new Map(Object.entries(values).map(([key, text]) => [key, SecretValue.ofText(text)]));
}
