/**
 * Where the API server is, whom to trust and who we are: made of `auth` and `server`, or of the kubeconfig that
 * `authRef` names. The Secrets are read when the session opens, so that they belong to its identity.
 */
import { validateHeaderValue } from 'node:http';
import type { SecretValue } from '../../secret-value.ts';
import { InvalidProviderConfigError } from '../errors.ts';
import { parseTarget, type OutboundTls } from '../outbound.ts';
import type { SessionContext } from '../provider.ts';
import { authProblem, SERVER_MISSING } from './check.ts';
import { readKubeconfig } from './kubeconfig.ts';
import { clientCertificate } from './pem.ts';
import type { KubernetesSpec } from './spec.ts';
import { FixedToken, NoToken, RequestedToken, type TokenSource } from './token-source.ts';

export interface Connection {
  readonly server: URL;
  readonly tls: OutboundTls;
  readonly tokens: TokenSource;
}

/** As the peer asks for them; they are replaced before they expire. */
const TOKEN_SECONDS = 3600;

type Auth = NonNullable<KubernetesSpec['auth']>;

/** @throws InvalidProviderConfigError naming the field, the object and the key. */
export async function connectionOf(context: SessionContext<KubernetesSpec>): Promise<Connection> {
  const { spec, cluster } = context;
  const problem = authProblem(spec);
  if (problem !== undefined) throw new InvalidProviderConfigError(problem);
  if (spec.auth !== undefined) return inlineConnection(spec.auth, context);
  const { server, token, tls } = readKubeconfig('authRef', await cluster.secretKey('authRef', spec.authRef!, 'config'));
  return {
    server: serverUrl('authRef: the cluster’s server', server),
    tls,
    tokens: token === undefined ? new NoToken() : fixedToken('authRef', token),
  };
}

async function inlineConnection(auth: Auth, context: SessionContext<KubernetesSpec>): Promise<Connection> {
  const { cluster, spec } = context;
  if (spec.server === undefined) throw new InvalidProviderConfigError(SERVER_MISSING);
  const server = serverUrl('server.url', spec.server.url);
  const { caBundle, caProvider } = spec.server;
  const ca = await cluster.certificateAuthority('server', { caBundle, caProvider });
  const certificate = auth.cert === undefined ? {} : await certificateOf(auth.cert, context);
  return { server, tls: { ca, ...certificate }, tokens: await tokensOf(auth, context) };
}

async function certificateOf(
  { clientCert, clientKey }: NonNullable<Auth['cert']>,
  { cluster }: SessionContext<KubernetesSpec>,
): Promise<{ readonly cert: string; readonly key: string }> {
  const [certField, keyField] = ['auth.cert.clientCert', 'auth.cert.clientKey'];
  return clientCertificate(
    { field: certField, value: await cluster.secretKey(certField, clientCert, 'tls.crt') },
    { field: keyField, value: await cluster.secretKey(keyField, clientKey, 'tls.key') },
  );
}

async function tokensOf(auth: Auth, { cluster, clock }: SessionContext<KubernetesSpec>): Promise<TokenSource> {
  if (auth.token !== undefined) {
    const field = 'auth.token.bearerToken';
    return fixedToken(field, await cluster.secretKey(field, auth.token.bearerToken, 'token'));
  }
  if (auth.serviceAccount === undefined) return new NoToken();
  const field = 'auth.serviceAccount';
  const selector = auth.serviceAccount;
  const account = await cluster.serviceAccount(field, selector);
  const request = { audiences: selector.audiences ?? [], expirationSeconds: TOKEN_SECONDS };
  return new RequestedToken({
    who: `service account "${account.namespace}/${account.name}"`,
    request: () => cluster.serviceAccountToken(field, selector, request),
    clock,
  });
}

function fixedToken(field: string, token: SecretValue): TokenSource {
  const text = token.revealText().trim();
  try {
    validateHeaderValue('authorization', `Bearer ${text}`);
  } catch {
    throw new InvalidProviderConfigError(`${field}: the token has characters that a token cannot have`);
  }
  if (text === '') throw new InvalidProviderConfigError(`${field}: the token is empty`);
  return new FixedToken(`the token of ${field}`, token);
}

/** People write `kubernetes.default` or `10.0.0.1:6443`: without a scheme it is https. */
function serverUrl(field: string, text: string): URL {
  return parseTarget(field, /^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? text : `https://${text}`);
}
