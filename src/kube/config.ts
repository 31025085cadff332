/**
 * Finds out which API server to talk to and as whom, in the order everyone expects: KUBECONFIG, then the Pod's own
 * service account, then ~/.kube/config. The only file that knows `@kubernetes/client-node`, and it loads it (40 MB of
 * memory) only when there is a kubeconfig to read: a Pod does without.
 */
import { readFileSync } from 'node:fs';
import { access, readFile } from 'node:fs/promises';
import { delimiter, dirname, join, resolve } from 'node:path';
import type { KubeConfig } from '@kubernetes/client-node/dist/config.js';
import type { Cluster, User } from '@kubernetes/client-node/dist/config_types.js';
import { parse } from 'yaml';
import type { Clock } from '../clock.ts';
import { proxyFor, type Proxies } from '../proxy.ts';
import { tokenFile } from './token-file.ts';
import type { ConnectionConfig } from './transport.ts';

/** What the environment says; nothing here is read from `process.env`. */
export interface ConfigSources {
  /** `KUBECONFIG`: one path, or several joined by the platform's delimiter. */
  readonly kubeconfig?: string | undefined;
  /** Context of the kubeconfig; default: its current one. */
  readonly context?: string | undefined;
  /** `KUBERNETES_SERVICE_HOST` and `_PORT`: set in every Pod. */
  readonly serviceHost?: string | undefined;
  readonly servicePort?: string | undefined;
  /** Default `/var/run/secrets/kubernetes.io/serviceaccount`. */
  readonly serviceAccountDir?: string | undefined;
  /** Token file of the Pod; default `token` in `serviceAccountDir`. */
  readonly serviceAccountTokenFile?: string | undefined;
  /** Home folder, for `.kube/config`. */
  readonly home?: string | undefined;
  /** `HTTPS_PROXY` and its siblings; a `proxy-url` of the kubeconfig comes before them. Default: none. */
  readonly proxies?: Proxies | undefined;
  readonly clock: Clock;
}

export interface LoadedConfig extends ConnectionConfig {
  /** The Pod's or the context's namespace. */
  readonly namespace: string | undefined;
  readonly source: 'kubeconfig' | 'in-cluster';
}

/** No API server is named anywhere, or what names it cannot be used. The message says what to do. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

const SERVICE_ACCOUNT_DIR = '/var/run/secrets/kubernetes.io/serviceaccount';

/** @throws ConfigError */
export async function loadKubeConfig(sources: ConfigSources): Promise<LoadedConfig> {
  const config = await findConfig(sources);
  const { proxies } = sources;
  if (config.proxyUrl !== undefined || proxies === undefined) return config;
  return { ...config, proxyUrl: proxyFor(config.server, proxies) };
}

async function findConfig(sources: ConfigSources): Promise<LoadedConfig> {
  const paths = (sources.kubeconfig ?? '').split(delimiter).filter((path) => path !== '');
  if (paths.length > 0) return fromKubeconfig(paths, sources);
  if ((sources.serviceHost ?? '') !== '') return inCluster(sources);
  const atHome = join(sources.home ?? '', '.kube', 'config');
  if (sources.home !== undefined && (await exists(atHome))) return fromKubeconfig([atHome], sources);
  throw new ConfigError('no API server: set KUBECONFIG, run in a Pod, or create ~/.kube/config');
}

async function inCluster(sources: ConfigSources): Promise<LoadedConfig> {
  const { serviceHost = '', servicePort = '443', serviceAccountDir = SERVICE_ACCOUNT_DIR, clock } = sources;
  const host = serviceHost.includes(':') ? `[${serviceHost}]` : serviceHost;
  const namespace = await readFile(join(serviceAccountDir, 'namespace'), 'utf8').catch(() => undefined);
  const caFile = join(serviceAccountDir, 'ca.crt');
  const ca = await readPem(caFile);
  return {
    server: `https://${host}:${servicePort}`,
    ca,
    readCa: rereading(caFile, ca),
    token: tokenFile(sources.serviceAccountTokenFile ?? join(serviceAccountDir, 'token'), clock),
    namespace: namespace?.trim(),
    source: 'in-cluster',
  };
}

async function fromKubeconfig(paths: readonly string[], { context, clock }: ConfigSources): Promise<LoadedConfig> {
  const config = await readKubeconfig(paths);
  if (context !== undefined) config.setCurrentContext(context);
  const cluster = config.getCurrentCluster();
  const user = config.getCurrentUser();
  if (cluster === null) {
    const current = config.getCurrentContext() ?? '';
    throw new ConfigError(`${paths.join(', ')}: context "${current}" names no cluster`);
  }
  return {
    server: cluster.server,
    ca: await pem(cluster.caFile, cluster.caData),
    cert: await pem(user?.certFile, user?.certData),
    key: await pem(user?.keyFile, user?.keyData),
    token: user === null ? undefined : ((await fileToken(paths, user, clock)) ?? bearerOf(config, user)),
    serverName: cluster.tlsServerName,
    skipTlsVerify: cluster.skipTLSVerify,
    proxyUrl: cluster.proxyUrl,
    namespace: config.getContextObject(config.getCurrentContext())?.namespace,
    source: 'kubeconfig',
  };
}

async function readKubeconfig(paths: readonly string[]): Promise<KubeConfig> {
  const { KubeConfig } = await import('@kubernetes/client-node/dist/config.js');
  const merged = new KubeConfig();
  for (const path of paths) {
    try {
      const one = new KubeConfig();
      one.loadFromFile(path);
      mergeMissing(merged, one);
    } catch (cause) {
      const why = cause instanceof Error ? cause.message : 'unreadable';
      throw new ConfigError(`kubeconfig ${path}: ${why}`, { cause });
    }
  }
  return merged;
}

/** As kubectl does: of two entries with one name, and of two current contexts, the first counts. */
function mergeMissing(merged: KubeConfig, more: KubeConfig): void {
  const fresh = <T extends { readonly name: string }>(known: readonly T[] | undefined, added: readonly T[]): T[] =>
    added.filter((entry) => known?.some(({ name }) => name === entry.name) !== true);
  for (const cluster of fresh(merged.clusters, more.clusters)) merged.addCluster(cluster);
  for (const user of fresh(merged.users, more.users)) merged.addUser(user);
  for (const context of fresh(merged.contexts, more.contexts)) merged.addContext(context);
  if ((merged.currentContext ?? '') === '') merged.setCurrentContext(more.currentContext);
}

/** `tokenFile`, which the library leaves out. It comes before `token`, as with kubectl; relative paths begin at the kubeconfig. */
async function fileToken(
  paths: readonly string[],
  { name }: User,
  clock: Clock,
): Promise<ConnectionConfig['token'] | undefined> {
  for (const path of paths) {
    const content = parse(await readFile(path, 'utf8')) as RawKubeconfig | null;
    const user = content?.users?.find((entry) => entry.name === name);
    if (user === undefined) continue;
    const file = user.user?.tokenFile;
    return file === undefined || file === '' ? undefined : tokenFile(resolve(dirname(path), file), clock);
  }
  return undefined;
}

interface RawKubeconfig {
  readonly users?: readonly { readonly name?: string; readonly user?: { readonly tokenFile?: string } | null }[] | null;
}

/** Plain tokens are taken as they are; exec plugins and the like are asked each time (they cache until expiry). */
function bearerOf(config: KubeConfig, user: User): ConnectionConfig['token'] {
  const { token } = user;
  if (token !== undefined && token !== '') return () => Promise.resolve(token);
  if (isAbsent(user.exec) && isAbsent(user.authProvider)) return undefined;
  return async () => {
    const context = { headers: {} as Record<string, unknown> };
    await config.applyToHTTPSOptions(context as Parameters<KubeConfig['applyToHTTPSOptions']>[0]);
    const header = context.headers['Authorization'];
    return typeof header === 'string' ? header.replace(/^Bearer /, '') : undefined;
  };
}

function isAbsent(value: unknown): boolean {
  return value === undefined || value === null;
}

async function pem(file: Cluster['caFile'], data: Cluster['caData']): Promise<string | undefined> {
  if (file !== undefined && file !== '') return readPem(file);
  return data === undefined || data === '' ? undefined : Buffer.from(data, 'base64').toString('utf8');
}

/** What the file says now: somebody renews it while we run. While it cannot be read, what it said last. */
function rereading(path: string, first: string): () => string {
  let last = first;
  return () => {
    try {
      last = readFileSync(path, 'utf8');
    } catch {
      // Replaced in this very moment.
    }
    return last;
  };
}

async function readPem(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    throw new ConfigError(`${path} cannot be read`, { cause });
  }
}

function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
