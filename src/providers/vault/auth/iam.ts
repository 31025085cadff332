/**
 * AWS auth: Vault asks AWS who signed a request that we made and did not send. The request is signed anew at each login, in memory:
 * no key is ever put into the environment of the process (D79).
 */
import { SecretValue } from '../../../secret-value.ts';
import { InvalidProviderConfigError } from '../../errors.ts';
import { authMount } from '../paths.ts';
import type { VaultAuth } from '../spec-auth.ts';
import { loginAt, type AuthContext, type Login } from './method.ts';

type IamSpec = NonNullable<VaultAuth['iam']>;

const DEFAULT_REGION = 'us-east-1';
const SERVER_ID_HEADER = 'x-vault-aws-iam-server-id';

export async function iam(spec: IamSpec, { session }: AuthContext): Promise<Login> {
  const mount = authMount('auth.iam.path', isSet(spec.path) ? spec.path : 'aws');
  const region = regionOf(spec);
  const { openIdentity } = await import('../../aws/signed-identity.ts');
  const { jwt, secretRef, role, externalID } = spec;
  const place = { field: 'auth.iam', missing: 'auth.iam.jwt or auth.iam.secretRef' };
  const proof = await openIdentity({ auth: { jwt, secretRef }, region, role, externalID }, place, session);
  const extra = isSet(spec.vaultAwsIamServerID) ? { [SERVER_ID_HEADER]: spec.vaultAwsIamServerID } : {};
  return {
    kind: 'login',
    title: `AWS login as role "${spec.vaultRole}" at auth/${mount} with ${identityOf(spec)} in ${region}`,
    hint: "the role must be bound to that identity's ARN, and Vault must ask STS of the same region with the same server id",
    async prepare(signal) {
      const { method, url, headers, body } = await proof.sign(extra, signal);
      const signed = base64(JSON.stringify(headers));
      const request = {
        role: spec.vaultRole,
        iam_http_request_method: method,
        iam_request_url: base64(url),
        iam_request_headers: signed,
        iam_request_body: base64(body),
      };
      return loginAt(mount, request, [SecretValue.ofText(signed)]);
    },
  };
}

/** It becomes a part of the host that AWS keys are used at. */
function regionOf({ region }: IamSpec): string {
  if (!isSet(region)) return DEFAULT_REGION;
  if (/^[a-z0-9-]+$/i.test(region)) return region;
  throw new InvalidProviderConfigError(`auth.iam.region: ${JSON.stringify(region)} is not the name of a region`);
}

function identityOf({ role, jwt, secretRef }: IamSpec): string {
  if (isSet(role)) return `"${role}"`;
  if (jwt !== undefined) return `the AWS role of service account "${jwt.serviceAccountRef?.name ?? ''}"`;
  return secretRef === undefined ? 'the operator’s own AWS identity' : 'the keys of auth.iam.secretRef';
}

function base64(text: string): string {
  return Buffer.from(text, 'utf8').toString('base64');
}

function isSet(text: string | undefined): text is string {
  return text !== undefined && text !== '';
}
