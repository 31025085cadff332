/**
 * A proof of an AWS identity for somebody else: a signed GetCallerIdentity request that is not sent by us. Who gets it can ask AWS once
 * who signed it, for a few minutes, and nothing more. Vault's `aws` login is made of it.
 */
import { STSClient } from '@aws-sdk/client-sts';
import { AuthenticationError } from '../errors.ts';
import type { SessionContext } from '../provider.ts';
import { openKeys, type AuthPlace } from './auth.ts';
import { keysFor, type KeySource } from './keys.ts';
import { sdkConfig } from './sdk.ts';
import { awsSpec, type AwsSpec } from './spec.ts';

/** Whose identity: a ServiceAccount's, static keys', else the operator's own; then that of `role`. */
export interface IdentityLogin {
  readonly auth: AwsSpec['auth'];
  readonly region: string;
  readonly role?: string | undefined;
  readonly externalID?: string | undefined;
}

/** Surroundings without a spec of the provider's own. */
type Surroundings = Omit<SessionContext<never>, 'spec' | 'retry'>;

export interface SignedRequest {
  readonly method: 'POST';
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Signs anew each time, with keys that are renewed when they end. */
export interface IdentityProof {
  /** `headers` are part of what is signed. @throws ProviderError, or the signal's reason */
  sign(headers: Readonly<Record<string, string>>, signal: AbortSignal): Promise<SignedRequest>;
}

const BODY = 'Action=GetCallerIdentity&Version=2011-06-15';

/** Reads the credentials. @throws InvalidProviderConfigError naming what is missing, in words of `place`. */
export async function openIdentity(
  login: IdentityLogin,
  place: AuthPlace,
  context: Surroundings,
): Promise<IdentityProof> {
  const { auth, region, role, externalID } = login;
  const spec = awsSpec.parse({ service: 'SecretsManager', region, role, externalID, auth });
  const keys = await openKeys({ ...context, spec, retry: undefined }, place);
  const { environment, clock } = context;
  const url = new URL(environment.awsEndpoints['AWS_STS_ENDPOINT'] || `https://${stsHost(region)}/`);
  return {
    async sign(headers, signal) {
      await keysFor(keys, signal);
      return signed(url, headers, { keys, region, environment, now: clock.now() });
    },
  };
}

/** The global endpoint is the one that Vault asks when nobody told it another; it belongs to us-east-1. */
function stsHost(region: string): string {
  if (region === 'us-east-1') return 'sts.amazonaws.com';
  return `sts.${region}.amazonaws.com${region.startsWith('cn-') ? '.cn' : ''}`;
}

interface Signing {
  readonly keys: KeySource;
  readonly region: string;
  readonly environment: Surroundings['environment'];
  readonly now: number;
}

async function signed(
  url: URL,
  extra: Readonly<Record<string, string>>,
  { keys, region, environment, now }: Signing,
): Promise<SignedRequest> {
  const client = new STSClient(sdkConfig({ region, environment, endpointVariable: 'AWS_STS_ENDPOINT', keys }));
  try {
    const signer = await client.config.signer({
      name: 'sigv4',
      signingName: 'sts',
      signingRegion: region,
      properties: {},
    });
    if (!('sign' in signer)) throw new AuthenticationError('the AWS SDK gave no signer for requests');
    const request = {
      method: 'POST',
      protocol: url.protocol,
      hostname: url.hostname,
      ...(url.port === '' ? {} : { port: Number(url.port) }),
      path: url.pathname,
      query: {},
      headers: { ...extra, host: url.host, 'content-type': 'application/x-www-form-urlencoded; charset=utf-8' },
      body: BODY,
    };
    const { headers } = await signer.sign(request, { signingDate: new Date(now), signingRegion: region });
    return { method: 'POST', url: url.href, headers, body: BODY };
  } finally {
    client.destroy();
  }
}
