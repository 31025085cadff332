/** A tenant with static keys, a ready Secrets Manager store and one secret, for tests that are about something else. */
import type { SandboxAws } from '../../sandbox/aws/server.ts';
import { aws, entry, externalSecret, from, refreshEvery, secret, secretStore } from '../builders/objects.ts';
import type { Env } from './env.ts';
import { isValid } from './views.ts';

/**
 * A namespace with a ready store `sm` and the secret `<namespace>/db` (`{"user":"u1"}`) behind it. The keys belong to the user
 * `robot-<namespace>`. `more` adds to the provider's fields.
 */
export async function awsShop(
  env: Env & { readonly aws: SandboxAws },
  prefix: string,
  more: Readonly<Record<string, unknown>> = {},
): Promise<string> {
  const namespace = await env.namespace(prefix);
  const id = `AKIA${namespace.toUpperCase().replaceAll('-', '')}`;
  await env.aws.addAccessKey(id, 'static-secret-key', `robot-${namespace}`);
  await env.aws.putSecret(`${namespace}/db`, '{"user":"u1"}');
  await env.apply(
    secret(namespace, 'robot', { id, key: 'static-secret-key' }),
    secretStore(namespace, 'sm', aws('robot', more)),
  );
  await isValid(env, namespace, 'sm');
  return namespace;
}

/** The ExternalSecret `db` that takes `user` out of it; without `property` the whole text. */
export function dbOf(namespace: string, property?: string) {
  return externalSecret(namespace, 'db', from('sm'), entry('user', `${namespace}/db`, property), refreshEvery('1h'));
}
