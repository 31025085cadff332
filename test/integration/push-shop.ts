/** A namespace that pushes into Vault, and what arrives there, for tests about PushSecrets. */
import assert from 'node:assert/strict';
import { pushSecrets } from '../../src/api/resources.ts';
import { NotFoundError } from '../../src/kube/errors.ts';
import type { KubeObject, Resource } from '../../src/kube/types.ts';
import { pushSecret, secret, secretStore, vault, type PushSecretSpecInput } from '../builders/objects.ts';
import type { Env } from './env.ts';
import { isValid, readyOf } from './views.ts';

export interface PushShop {
  readonly namespace: string;
  /** The remote key of that name: each namespace has a folder of its own. */
  readonly key: (name: string) => string;
  /** What Vault holds under a name, and in which version; undefined: nothing. */
  readonly remote: (name: string) => Promise<{ readonly value: unknown; readonly version: number } | undefined>;
  /** Waits until Vault holds exactly this under the name; undefined: until it holds nothing. */
  readonly arrives: (name: string, value: unknown, timeoutMs?: number) => Promise<void>;
  /** Waits until the PushSecret's condition matches. */
  readonly says: (name: string, expected: RegExp, timeoutMs?: number) => Promise<void>;
}

/** With a store `vault` that is ready and the source `build-key` (`api-key`: k1, `user`: u1). */
export async function pushShop(env: Env, prefix: string): Promise<PushShop> {
  const namespace = await env.namespace(prefix);
  await env.apply(
    secret(namespace, 'vault', { token: env.vault.rootToken }),
    secretStore(namespace, 'vault', vault(env.vault.address, 'vault')),
    secret(namespace, 'build-key', { 'api-key': 'k1', user: 'u1' }),
  );
  await isValid(env, namespace, 'vault');
  const key = (name: string): string => `${namespace}/${name}`;
  const remote = (name: string): ReturnType<PushShop['remote']> => read(env, key(name));
  return {
    namespace,
    key,
    remote,
    arrives: (name, value, timeoutMs) =>
      env.eventually(async () => assert.deepEqual((await remote(name))?.value, value), timeoutMs),
    says: (name, expected, timeoutMs) =>
      env.eventually(async () => assert.match(await readyOf(env, pushSecrets, namespace, name), expected), timeoutMs),
  };
}

async function read(env: Env, key: string): ReturnType<PushShop['remote']> {
  const headers = { 'X-Vault-Token': env.vault.rootToken };
  const answer = await fetch(`${env.vault.address}/v1/secret/data/${key}`, { headers });
  if (answer.status === 404) return undefined;
  const { data } = (await answer.json()) as { data: { data: unknown; metadata: { version: number } } };
  return { value: data.data, version: data.metadata.version };
}

/** A PushSecret of `build-key` into that shop: each pair is a key of the source and a remote name, whose property `value` it becomes. */
export function pushes(
  { namespace, key }: PushShop,
  name: string,
  keys: Readonly<Record<string, string>>,
  more: Partial<PushSecretSpecInput> = {},
): KubeObject {
  const data = Object.entries(keys).map(([secretKey, to]) => ({
    match: { secretKey, remoteRef: { remoteKey: key(to), property: 'value' } },
  }));
  return pushSecret(namespace, name, 'build-key', 'vault', {}, { data, ...more });
}

export async function isGone(
  env: Env,
  resource: Resource,
  namespace: string | undefined,
  name: string,
  timeoutMs?: number,
): Promise<void> {
  await env.eventually(() => assert.rejects(env.kube.get(resource, { namespace, name }), NotFoundError), timeoutMs);
}
