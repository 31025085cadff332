/** A namespace with a ready SecretStore `store` of the fake provider, whose values a test can change. */
import { fake, entry, externalSecret, from, secretStore } from '../builders/objects.ts';
import type { Env } from './env.ts';
import { isSynced, isValid } from './views.ts';

export async function fakeWorld(env: Env, prefix: string, values: Record<string, string>): Promise<string> {
  const namespace = await env.namespace(prefix);
  await changeValues(env, namespace, values);
  return namespace;
}

/** Changes what the backend holds. */
export async function changeValues(env: Env, namespace: string, values: Record<string, string>): Promise<void> {
  await env.apply(secretStore(namespace, 'store', fake(values)));
  await isValid(env, namespace, 'store');
}

let probes = 0;

/**
 * Waits until the operator has dealt with what the test did before: an object that comes later is synced, and whatever was to
 * happen at once had as much time. For tests that something does *not* happen.
 */
export async function settled(env: Env, namespace: string): Promise<void> {
  const name = `probe-${++probes}`;
  await env.apply(
    secretStore(namespace, 'probes', fake({ x: 'x' })),
    externalSecret(namespace, name, from('probes'), entry('x', 'x')),
  );
  await isSynced(env, namespace, name);
}
