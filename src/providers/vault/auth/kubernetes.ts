/**
 * Kubernetes auth: Vault asks the API server whose token this is. The token is requested for the named ServiceAccount
 * at each login, comes from a Secret, or (ClusterSecretStore only, D71) is the operator's own.
 */
import type { SecretValue } from '../../../secret-value.ts';
import { InvalidProviderConfigError } from '../../errors.ts';
import { OPERATOR_TOKEN_REFUSED } from '../check.ts';
import { authMount } from '../paths.ts';
import type { VaultAuth } from '../spec-auth.ts';
import { loginAt, type AuthContext, type Login } from './method.ts';

const TOKEN_SECONDS = 600;

interface TokenSource {
  /** Whose token: for messages. */
  readonly account: string;
  token(): Promise<SecretValue>;
}

export async function kubernetes(spec: NonNullable<VaultAuth['kubernetes']>, context: AuthContext): Promise<Login> {
  const mount = authMount('auth.kubernetes.mountPath', spec.mountPath);
  const source = await tokenSource(spec, context);
  return {
    kind: 'login',
    title: `kubernetes login as role "${spec.role}" at auth/${mount} with ${source.account}`,
    hint: "the role must exist there and be bound to that account, its namespace and, if it names one, the token's audience",
    async prepare() {
      const token = await source.token();
      return loginAt(mount, { role: spec.role, jwt: token.revealText() }, [token]);
    },
  };
}

async function tokenSource(spec: NonNullable<VaultAuth['kubernetes']>, context: AuthContext): Promise<TokenSource> {
  const { cluster, storeKind } = context;
  const { serviceAccountRef, secretRef } = spec;
  if (serviceAccountRef !== undefined) {
    const field = 'auth.kubernetes.serviceAccountRef';
    const account = await cluster.serviceAccount(field, serviceAccountRef);
    const request = { audiences: serviceAccountRef.audiences ?? [], expirationSeconds: TOKEN_SECONDS };
    return {
      account: `service account "${account.namespace}/${account.name}"`,
      token: async () => (await cluster.serviceAccountToken(field, serviceAccountRef, request)).token,
    };
  }
  if (secretRef !== undefined) {
    const token = await cluster.secretKey('auth.kubernetes.secretRef', secretRef, 'token');
    return { account: 'the token of auth.kubernetes.secretRef', token: async () => token };
  }
  if (storeKind === 'SecretStore') throw new InvalidProviderConfigError(OPERATOR_TOKEN_REFUSED);
  return { account: 'the operator’s own token', token: () => cluster.operatorToken('auth.kubernetes') };
}
