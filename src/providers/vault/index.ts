/**
 * Opens sessions with Vault: credentials, connection pool, token, KV mount.
 */
import { validateHeaderName, validateHeaderValue } from 'node:http';
import type { Agent } from 'undici';
import { InvalidProviderConfigError } from '../errors.ts';
import { readOneByOne } from '../one-by-one.ts';
import { outboundAgent, OutboundRules, parseTarget, type OutboundTls } from '../outbound.ts';
import type { ProviderModule, SecretsClient, SessionContext } from '../provider.ts';
import { UnprobedClient } from '../unprobed-client.ts';
import { authMethod, type AuthMethod } from './auth/index.ts';
import { dependsOnNamespace } from './check.ts';
import { VaultClient } from './client.ts';
import { findSecrets } from './find.ts';
import { KvReader } from './kv.ts';
import { KvWriter } from './kv-write.ts';
import { TokenCalls } from './login.ts';
import { LoginTokens } from './login-tokens.ts';
import { VaultPush } from './push.ts';
import { retryPolicy } from './retry.ts';
import { VaultSession } from './session.ts';
import type { VaultSpec } from './spec.ts';
import { GivenToken, type Tokens } from './tokens.ts';
import { vaultValues } from './values.ts';

export const vaultModule: ProviderModule<VaultSpec> = { open: openVault, values: vaultValues };

/** @throws InvalidProviderConfigError when an object the spec names is missing, or the spec is of no use. */
async function openVault(context: SessionContext<VaultSpec>): Promise<SecretsClient> {
  const { spec, namespace, store } = context;
  // Credentials of consumers' namespaces: there is none to look into while the store itself is validated.
  if (store.kind === 'ClusterSecretStore' && namespace === '' && dependsOnNamespace(spec)) return new UnprobedClient();
  const { session, agent } = await openSession(context);
  const mount = { path: spec.path, version: spec.version };
  const kv = new KvReader(session, mount);
  const push = new VaultPush(new KvWriter(session, mount));
  return {
    batchSize: 1,
    read: (refs, signal) => readOneByOne(refs, (ref) => kv.read(ref, signal)),
    find: (query, signal) => findSecrets(kv, query, signal),
    push: (wanted, signal) => push.push(wanted, signal),
    remove: (removal, signal) => push.remove(removal, signal),
    exists: (remoteKey, property, signal) => push.exists(remoteKey, property, signal),
    async validate(signal) {
      await session.verify(signal);
      return 'Ready';
    },
    async close() {
      await session.close();
      await agent.destroy();
    },
  };
}

/** A logged-in way to Vault's API, for secrets. The caller closes the session, then the pool. */
export async function openSession(
  context: SessionContext<VaultSpec>,
): Promise<{ session: VaultSession; agent: Agent }> {
  const { client, calls, method, agent } = await connectVault(context);
  return { session: new VaultSession(client, tokensOf(method, calls, context), context.spec.namespace), agent };
}

export interface VaultConnection {
  readonly client: VaultClient;
  readonly calls: TokenCalls;
  readonly method: AuthMethod;
  readonly agent: Agent;
}

/** The way to Vault and to a token, without a token yet. The caller destroys the pool. */
export async function connectVault(context: SessionContext<VaultSpec>): Promise<VaultConnection> {
  const { spec, clock } = context;
  const server = parseTarget('server', spec.server);
  const method = await authMethod(spec.auth, {
    storeKind: context.store.kind,
    cluster: context.cluster,
    session: context,
  });
  const tls = await tlsOf(context, method);
  const agent = outboundAgent({
    rules: new OutboundRules(context.environment.allowTargets, context.environment.proxies),
    tls,
  });
  const client = new VaultClient({
    server,
    dispatcher: agent,
    headers: checkedHeaders(spec.headers ?? {}),
    readYourWrites: spec.readYourWrites === true || spec.forwardInconsistent === true,
    forwardToActive: spec.readYourWrites === true && spec.forwardInconsistent === true,
    retry: retryPolicy(context.retry),
    clock,
    observe: context.observe,
  });
  return { client, calls: new TokenCalls(client, spec.auth?.namespace ?? spec.namespace), method, agent };
}

function tokensOf(method: AuthMethod, calls: TokenCalls, { clock, signal }: SessionContext<VaultSpec>): Tokens {
  if (method.kind === 'login') return new LoginTokens({ login: method, calls, clock, signal });
  return new GivenToken(method.kind === 'static' ? method.token : undefined, calls, clock);
}

/** The certificate of a certificate login is shown on every connection; else that of `tls`, if any. */
async function tlsOf({ spec, cluster }: SessionContext<VaultSpec>, method: AuthMethod): Promise<OutboundTls> {
  const ca = await cluster.certificateAuthority('caBundle', { caBundle: spec.caBundle, caProvider: spec.caProvider });
  const certificate = method.kind === 'login' ? method.certificate : undefined;
  if (certificate !== undefined) return { ca, ...certificate };
  const { certSecretRef, keySecretRef } = spec.tls ?? {};
  if (certSecretRef === undefined && keySecretRef === undefined) return { ca };
  if (certSecretRef === undefined || keySecretRef === undefined)
    throw new InvalidProviderConfigError('tls: certSecretRef and keySecretRef must be set together');
  const cert = await cluster.secretKey('tls.certSecretRef', certSecretRef, 'tls.crt');
  const key = await cluster.secretKey('tls.keySecretRef', keySecretRef, 'tls.key');
  return { ca, cert: cert.revealText(), key: key.revealText() };
}

/** Headers that frame the message belong to the connection, not to the user. */
const FRAMING = new Set([
  'connection',
  'content-length',
  'expect',
  'keep-alive',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

function checkedHeaders(headers: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  for (const [name, value] of Object.entries(headers)) {
    try {
      validateHeaderName(name);
      validateHeaderValue(name, value);
    } catch {
      throw new InvalidProviderConfigError(`headers: "${name}" has a name or value that HTTP does not allow`);
    }
    if (FRAMING.has(name.toLowerCase())) throw new InvalidProviderConfigError(`headers: "${name}" cannot be set`);
  }
  return headers;
}
