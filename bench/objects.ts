/** The objects of the benches, and the fastest way to make many of them. */
import { clusterSecretStores, externalSecrets, secrets, secretStores } from '../src/api/resources.ts';
import type { KubeClient } from '../src/kube/client.ts';
import { NotFoundError } from '../src/kube/errors.ts';
import type { KubeObject, Resource, Stored } from '../src/kube/types.ts';
import { ACCESS_KEY, keyName } from './aws-process.ts';
import { NAMESPACE } from './cluster.ts';

const IN_FLIGHT = 64;

/** Runs `work` for 0 to `count` - 1, many at a time. */
export async function each(
  count: number,
  work: (index: number) => Promise<unknown>,
  inFlight = IN_FLIGHT,
): Promise<void> {
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < count) await work(next++);
  };
  await Promise.all(Array.from({ length: inFlight }, worker));
}

/** `more` adds to or replaces fields of the provider. */
export async function makeStore(
  client: KubeClient,
  name = 'bench',
  more: Readonly<Record<string, unknown>> = {},
): Promise<void> {
  const account = { namespace: NAMESPACE, name: 'aws' };
  await client.create(secrets, { metadata: account, stringData: ACCESS_KEY } as KubeObject).catch(() => {});
  const ref = (key: string): object => ({ ...account, key });
  const auth = { secretRef: { accessKeyIDSecretRef: ref('id'), secretAccessKeySecretRef: ref('secret') } };
  await client.create(clusterSecretStores, {
    apiVersion: 'external-secrets.io/v1',
    kind: 'ClusterSecretStore',
    metadata: { name },
    spec: { provider: { aws: { service: 'SecretsManager', region: 'eu-central-1', auth, ...more } } },
  } as KubeObject);
}

/** Three properties of one JSON value each; `keys` values are shared out among all objects. */
export function benchExternalSecret(name: string, key: number, refreshInterval: string, store = 'bench'): KubeObject {
  const data = ['username', 'password', 'host'].map((property) => ({
    secretKey: property,
    remoteRef: { key: keyName(key), property },
  }));
  return {
    apiVersion: 'external-secrets.io/v1',
    kind: 'ExternalSecret',
    metadata: { namespace: NAMESPACE, name },
    spec: { refreshInterval, secretStoreRef: { kind: 'ClusterSecretStore', name: store }, data },
  } as KubeObject;
}

export async function makeExternalSecrets(
  client: KubeClient,
  count: number,
  keys: number,
  refreshInterval: string,
): Promise<void> {
  await each(count, (index) =>
    client.create(externalSecrets, benchExternalSecret(`es-${index}`, index % keys, refreshInterval)),
  );
}

interface WithStatus extends KubeObject {
  readonly status?: { readonly conditions?: readonly { readonly type: string; readonly status: string }[] };
}

/** From now on calls `onReady` with the name of each ExternalSecret that becomes Ready; `watching` ends with the signal. */
export async function watchReady(
  client: KubeClient,
  onReady: (name: string) => void,
  signal: AbortSignal,
): Promise<{ readonly watching: Promise<void> }> {
  const { metadata } = await client.list(externalSecrets, { limit: 1 });
  return { watching: follow(client, metadata.resourceVersion, onReady, signal) };
}

/** The API server ends the watch of a reader that lags, so what happened meanwhile is listed, and a new watch begins there. */
async function follow(
  client: KubeClient,
  resourceVersion: string,
  onReady: (name: string) => void,
  signal: AbortSignal,
): Promise<void> {
  const seen = new Set<string>();
  const look = (object: Stored<WithStatus>): void => {
    const { name } = object.metadata;
    if (!isReady(object) || seen.has(name)) return;
    seen.add(name);
    onReady(name);
  };
  for (let from = resourceVersion; !signal.aborted;) {
    from = (await watchOnce(client, from, look, signal)) ?? from;
  }
}

/** Until the watch ends, however it ends. Where the next one begins; undefined when that could not be asked. */
async function watchOnce(
  client: KubeClient,
  resourceVersion: string,
  look: (object: Stored<WithStatus>) => void,
  signal: AbortSignal,
): Promise<string | undefined> {
  try {
    const events = client.watch<WithStatus>(externalSecrets, { resourceVersion, timeoutSeconds: 3600, signal });
    for await (const event of events) if (event.type !== 'BOOKMARK') look(event.object);
  } catch (error) {
    if (!signal.aborted) console.error(`bench: watch interrupted: ${error instanceof Error ? error.message : ''}`);
  }
  if (signal.aborted) return undefined;
  const listed = await client.list<WithStatus>(externalSecrets, { signal }).catch(() => undefined);
  for (const item of listed?.items ?? []) look(item);
  return listed?.metadata.resourceVersion;
}

function isReady({ status }: WithStatus): boolean {
  return status?.conditions?.some((condition) => condition.type === 'Ready' && condition.status === 'True') === true;
}

/** Removes what a scenario made. */
export async function clean(client: KubeClient): Promise<void> {
  await removeAll(client, externalSecrets);
  await removeAll(client, secrets);
  await removeAll(client, secretStores);
  await removeAll(client, clusterSecretStores);
}

async function removeAll(client: KubeClient, resource: Resource): Promise<void> {
  const namespace = resource.namespaced ? NAMESPACE : undefined;
  const { items } = await client.list(resource, { namespace, metadataOnly: true });
  await each(items.length, async (index) => {
    const name = items[index]!.metadata.name;
    await client.delete(resource, { namespace, name }).catch((error: unknown) => {
      if (!(error instanceof NotFoundError)) throw error;
    });
  });
}
