/**
 * JWT auth: Vault checks the signature of a token by itself. The token comes from a Secret, or is requested for a
 * ServiceAccount at each login.
 */
import type { SecretValue } from '../../../secret-value.ts';
import type { ClusterAccess } from '../../provider.ts';
import { authMount } from '../paths.ts';
import type { VaultAuth } from '../spec-auth.ts';
import { loginAt, required, type AuthContext, type Login } from './method.ts';

type JwtSpec = NonNullable<VaultAuth['jwt']>;

export async function jwt(spec: JwtSpec, { cluster }: AuthContext): Promise<Login> {
  const mount = authMount('auth.jwt.path', spec.path);
  const role = spec.role?.trim() ?? '';
  const token = await tokenSource(spec, cluster);
  return {
    kind: 'login',
    title: `JWT login as ${role === '' ? 'the default role' : `role "${role}"`} at auth/${mount}`,
    hint: "the role's bound subject, audiences and claims must match the token",
    async prepare() {
      const value = await token();
      return loginAt(mount, { role, jwt: value.revealText() }, [value]);
    },
  };
}

async function tokenSource(spec: JwtSpec, cluster: ClusterAccess): Promise<() => Promise<SecretValue>> {
  if (spec.secretRef !== undefined) {
    const value = await cluster.secretKey('auth.jwt.secretRef', spec.secretRef);
    return async () => value;
  }
  const source = required('auth.jwt.secretRef or kubernetesServiceAccountToken', spec.kubernetesServiceAccountToken);
  const field = 'auth.jwt.kubernetesServiceAccountToken.serviceAccountRef';
  const { serviceAccountRef, audiences = ['vault'], expirationSeconds = 600 } = source;
  await cluster.serviceAccount(field, serviceAccountRef);
  const request = { audiences: [...(serviceAccountRef.audiences ?? []), ...audiences], expirationSeconds };
  return async () => (await cluster.serviceAccountToken(field, serviceAccountRef, request)).token;
}
