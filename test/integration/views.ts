/**
 * What a user sees, as tests ask for it: a Secret's values, an object's Ready condition, the events about it.
 */
import assert from 'node:assert/strict';
import { clusterSecretStores, externalSecrets, pushSecrets, secrets, secretStores } from '../../src/api/resources.ts';
import type { SecretObject } from '../../src/controllers/external-secret/secret-object.ts';
import { NotFoundError } from '../../src/kube/errors.ts';
import type { KubeObject, Resource, Stored } from '../../src/kube/types.ts';
import type { Env } from './env.ts';

interface Conditioned extends KubeObject {
  readonly status?: {
    readonly refreshTime?: string;
    readonly capabilities?: string;
    readonly conditions?: readonly {
      readonly type: string;
      readonly status: string;
      readonly reason?: string;
      readonly message?: string;
    }[];
  };
}

/** The Secret, or undefined when there is none. */
export async function secretOf(env: Env, namespace: string, name: string): Promise<Stored<SecretObject> | undefined> {
  try {
    return await env.kube.get<SecretObject>(secrets, { namespace, name });
  } catch (error) {
    if (error instanceof NotFoundError) return undefined;
    throw error;
  }
}

/** The Secret's values as text; undefined when there is no Secret. */
export async function dataOf(env: Env, namespace: string, name: string): Promise<Record<string, string> | undefined> {
  const found = await secretOf(env, namespace, name);
  if (found === undefined) return undefined;
  return Object.fromEntries(
    Object.entries(found.data ?? {}).map(([key, value]) => [key, Buffer.from(value, 'base64').toString()]),
  );
}

/** `True SecretSynced: secret synced`; `none` before there is a condition. */
export async function readyOf(
  env: Env,
  resource: Resource,
  namespace: string | undefined,
  name: string,
): Promise<string> {
  const found = await env.kube.get<Conditioned>(resource, { namespace, name });
  const condition = found.status?.conditions?.[0];
  return condition === undefined ? 'none' : `${condition.status} ${condition.reason}: ${condition.message}`;
}

/** Waits until the ExternalSecret is synced. */
export async function isSynced(env: Env, namespace: string, name: string, timeoutMs?: number): Promise<void> {
  await env.eventually(
    async () => assert.match(await readyOf(env, externalSecrets, namespace, name), /^True SecretSynced/),
    timeoutMs,
  );
}

/** Waits until the Secret holds exactly these values. */
export async function holds(
  env: Env,
  namespace: string,
  name: string,
  expected: Record<string, string> | undefined,
  timeoutMs?: number,
): Promise<void> {
  await env.eventually(async () => assert.deepEqual(await dataOf(env, namespace, name), expected), timeoutMs);
}

/** Waits until the ExternalSecret is Ready=False, its message matches all patterns, and a Warning event says the same. */
export async function failsWith(
  env: Env,
  namespace: string,
  name: string,
  ...patterns: readonly RegExp[]
): Promise<void> {
  await failing(env, externalSecrets, namespace, name, 'SecretSyncedError', 'UpdateFailed', patterns);
}

/** The same for a SecretStore; `namespace` undefined: a ClusterSecretStore. */
export async function storeFailsWith(
  env: Env,
  namespace: string | undefined,
  name: string,
  ...patterns: readonly RegExp[]
): Promise<void> {
  const resource = namespace === undefined ? clusterSecretStores : secretStores;
  await failing(env, resource, namespace, name, 'InvalidProviderConfig', 'InvalidProviderConfig', patterns);
}

/** The same for a PushSecret. */
export async function pushFailsWith(
  env: Env,
  namespace: string,
  name: string,
  ...patterns: readonly RegExp[]
): Promise<void> {
  await failing(env, pushSecrets, namespace, name, 'Errored', 'Errored', patterns);
}

/** Waits until the store is Valid; `namespace` undefined: a ClusterSecretStore. */
export async function isValid(env: Env, namespace: string | undefined, name: string): Promise<void> {
  const resource = namespace === undefined ? clusterSecretStores : secretStores;
  await env.eventually(async () => assert.match(await readyOf(env, resource, namespace, name), /^True Valid/));
}

async function failing(
  env: Env,
  resource: Resource,
  namespace: string | undefined,
  name: string,
  reason: string,
  event: string,
  patterns: readonly RegExp[],
): Promise<void> {
  await env.eventually(async () => {
    const ready = await readyOf(env, resource, namespace, name);
    assert.match(ready, new RegExp(`^False ${reason}: `));
    for (const pattern of patterns) assert.match(ready, pattern);
  });
  await env.eventually(async () => {
    const warnings = (await env.events(namespace, name)).filter(
      (each) => each.type === 'Warning' && each.reason === event,
    );
    for (const pattern of patterns) {
      assert.ok(
        warnings.some((each) => pattern.test(each.message)),
        `no Warning ${event} matches ${pattern}: ${warnings.map((each) => each.message).join(' | ')}`,
      );
    }
  });
}
