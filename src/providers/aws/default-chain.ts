/**
 * The operator's own AWS identity, for stores without `auth`: the order of `providers.md` 2.2. What it consults was read
 * from the environment at start; no tenant can change it.
 */
import { readFile } from 'node:fs/promises';
import type * as CredentialProviders from '@aws-sdk/credential-providers';
import type { Clock } from '../../clock.ts';
import { AuthenticationError } from '../errors.ts';
import { RenewedKeys, type AwsKeys, type KeySource } from './keys.ts';
import type { StsContext } from './sts.ts';

type Variables = Readonly<Record<string, string>>;
/** Undefined: this source is not configured, the next is asked. */
type Source = (variables: Variables, context: StsContext, clock: Clock) => Promise<AwsKeys> | undefined;

const SOURCES: readonly Source[] = [environmentKeys, webIdentity, sharedFiles, container, instanceMetadata];
/** Files and unknown lifetimes are looked at again after this. */
const UNKNOWN_LIFE_MS = 10 * 60_000;

export function defaultChain(context: StsContext, clock: Clock): KeySource {
  const variables = context.environment.awsDefaults;
  return new RenewedKeys(clock, async () => {
    for (const source of SOURCES) {
      const keys = source(variables, context, clock);
      if (keys !== undefined) return keys;
    }
    throw new AuthenticationError(
      'no auth is set in the store and the operator has no AWS identity of its own ' +
        '(looked for keys, web identity, profile and container credentials in its environment); set auth, or give the operator an identity',
    );
  });
}

function environmentKeys(variables: Variables): Promise<AwsKeys> | undefined {
  const { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey, AWS_SESSION_TOKEN } = variables;
  if (!isSet(accessKeyId) || !isSet(secretAccessKey)) return undefined;
  const sessionToken = isSet(AWS_SESSION_TOKEN) ? AWS_SESSION_TOKEN : undefined;
  return Promise.resolve({ accessKeyId, secretAccessKey, sessionToken });
}

/** IRSA of the operator's Pod. The file is read each time: kubelet replaces it. */
function webIdentity(variables: Variables, context: StsContext): Promise<AwsKeys> | undefined {
  const { AWS_WEB_IDENTITY_TOKEN_FILE: file, AWS_ROLE_ARN: roleArn, AWS_ROLE_SESSION_NAME: sessionName } = variables;
  if (!isSet(file) || !isSet(roleArn)) return undefined;
  return (async () => {
    const token = (await readFile(file, 'utf8').catch((error: unknown) => unreadable(file, error))).trim();
    const { assumeRoleWithWebIdentity } = await import('./sts.ts');
    const subject = 'the operator’s own ServiceAccount';
    return assumeRoleWithWebIdentity(context, {
      roleArn,
      token,
      subject,
      audiences: ['sts.amazonaws.com'],
      sessionName,
    });
  })();
}

function sharedFiles(variables: Variables, _context: StsContext, clock: Clock): Promise<AwsKeys> | undefined {
  const { AWS_SHARED_CREDENTIALS_FILE: filepath, AWS_CONFIG_FILE: configFilepath, AWS_PROFILE: profile } = variables;
  if (!isSet(filepath) && !isSet(configFilepath) && !isSet(profile)) return undefined;
  return fromSdk(clock, async ({ fromIni }) =>
    fromIni({
      ...(isSet(filepath) ? { filepath } : {}),
      ...(isSet(configFilepath) ? { configFilepath } : {}),
      ...(isSet(profile) ? { profile } : {}),
      ignoreCache: true,
    })(),
  );
}

/** EKS Pod Identity and ECS. */
function container(variables: Variables, _context: StsContext, clock: Clock): Promise<AwsKeys> | undefined {
  const full = variables['AWS_CONTAINER_CREDENTIALS_FULL_URI'];
  const relative = variables['AWS_CONTAINER_CREDENTIALS_RELATIVE_URI'];
  if (!isSet(full) && !isSet(relative)) return undefined;
  const token = variables['AWS_CONTAINER_AUTHORIZATION_TOKEN'];
  const tokenFile = variables['AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE'];
  return fromSdk(clock, async ({ fromHttp }) =>
    fromHttp({
      ...(isSet(full) ? { awsContainerCredentialsFullUri: full } : {}),
      ...(isSet(relative) ? { awsContainerCredentialsRelativeUri: relative } : {}),
      ...(isSet(token) ? { awsContainerAuthorizationToken: token } : {}),
      ...(isSet(tokenFile) ? { awsContainerAuthorizationTokenFile: tokenFile } : {}),
      timeout: 2_000,
      maxRetries: 2,
    })(),
  );
}

/** The role of the EC2 instance, the last resort. */
function instanceMetadata(variables: Variables, _context: StsContext, clock: Clock): Promise<AwsKeys> | undefined {
  if (variables['AWS_EC2_METADATA_DISABLED']?.toLowerCase() === 'true') return undefined;
  return fromSdk(clock, async ({ fromInstanceMetadata }) => fromInstanceMetadata({ timeout: 1_000, maxRetries: 1 })());
}

type Providers = typeof CredentialProviders;

async function fromSdk(
  clock: Clock,
  fetch: (providers: Providers) => Promise<{
    readonly accessKeyId: string;
    readonly secretAccessKey: string;
    readonly sessionToken?: string;
    readonly expiration?: Date;
  }>,
): Promise<AwsKeys> {
  try {
    const { accessKeyId, secretAccessKey, sessionToken, expiration } = await fetch(
      await import('@aws-sdk/credential-providers'),
    );
    const lifeMs = expiration === undefined ? UNKNOWN_LIFE_MS : Math.max(0, expiration.getTime() - clock.now());
    return { accessKeyId, secretAccessKey, sessionToken, lifeMs };
  } catch (error) {
    const message = error instanceof Error ? error.message : 'unknown cause';
    throw new AuthenticationError(`the operator's own AWS identity cannot be had: ${message}`, { cause: error });
  }
}

function unreadable(file: string, error: unknown): never {
  throw new AuthenticationError(`the operator's own web identity token ${file} cannot be read`, { cause: error });
}

function isSet(value: string | undefined): value is string {
  return value !== undefined && value !== '';
}
