/** The objects of the benches, and the fastest way to make many of them. */
import { clusterSecretStores, externalSecrets, secrets, secretStores } from '../src/api/resources.ts';
import type { KubeClient } from '../src/kube/client.ts';
import { GoneError, NotFoundError } from '../src/kube/errors.ts';
import type { KubeObject, Resource } from '../src/kube/types.ts';
import { ACCESS_KEY, keyName } from './aws-process.ts';
import { NAMESPACE } from './cluster.ts';

const IN_FLIGHT = 64;
/** An API server that is gone must not be asked without a pause. */
const WATCH_AGAIN_MS = 50;

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

/**
 * The API server ends watches when it is busy. The next one begins where the last event was, as the operator's do: to list everything
 * would cost the machine more than what is measured.
 */
async function follow(
  client: KubeClient,
  resourceVersion: string,
  onReady: (name: string) => void,
  signal: AbortSignal,
): Promise<void> {
  const seen = new Set<string>();
  for (let from = resourceVersion; !signal.aborted;) {
    try {
      const options = { resourceVersion: from, timeoutSeconds: 3600, signal };
      for await (const event of client.watch<WithStatus>(externalSecrets, options)) {
        from = event.type === 'BOOKMARK' ? event.resourceVersion : event.object.metadata.resourceVersion;
        if (event.type === 'BOOKMARK' || !isReady(event.object)) continue;
        const { name } = event.object.metadata;
        if (seen.has(name)) continue;
        seen.add(name);
        onReady(name);
      }
    } catch (error) {
      if (error instanceof GoneError) throw error;
      if (signal.aborted) return;
      console.error(`bench: watch interrupted: ${error instanceof Error ? error.message : ''}`);
      await new Promise((resolve) => setTimeout(resolve, WATCH_AGAIN_MS));
    }
  }
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
