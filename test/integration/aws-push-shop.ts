/** A tenant who pushes to an AWS that obeys policies: a namespace, a store with a role, the source and one PushSecret. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { PolicyDocument } from '../../sandbox/aws/iam.ts';
import type { RecordedCall, SandboxAws } from '../../sandbox/aws/server.ts';
import { pushSecrets } from '../../src/api/resources.ts';
import { aws, pushSecret, secret, secretStore, type PushSecretSpecInput } from '../builders/objects.ts';
import type { Env } from './env.ts';
import { isValid, readyOf } from './views.ts';

export const ACCOUNT = '111122223333';

/** What people are told about providers. */
export function documentation(): string {
  return readFileSync(join(import.meta.dirname, '../../docs/providers.md'), 'utf8');
}

export type Service = 'SecretsManager' | 'ParameterStore';

export interface Shop {
  readonly namespace: string;
  readonly role: string;
  readonly region: string;
  /** Applies the PushSecret `push` of the Secret `source`, key `a`, to this remote key. */
  readonly push: (remoteKey: string, metadata?: unknown, more?: Partial<PushSecretSpecInput>) => Promise<void>;
  readonly source: (value: string) => Promise<void>;
  readonly ready: (expected: RegExp) => Promise<void>;
  /** Deletes the PushSecret and waits until it is gone. */
  readonly remove: () => Promise<void>;
  /** What the role called. */
  readonly calls: () => readonly RecordedCall[];
}

/** A namespace with a store whose role may do what these policies say, as in the course: static keys assume it. */
export async function awsPushShop(
  env: Env & { readonly aws: SandboxAws },
  service: Service,
  policies: readonly PolicyDocument[],
  region = 'us-east-2',
): Promise<Shop> {
  const namespace = await env.namespace('rights');
  const role = `arn:aws:iam::${ACCOUNT}:role/${namespace}`;
  const user = `external-secrets-iam-${namespace}`;
  const id = `AKIA${namespace.toUpperCase().replaceAll('-', '')}`;
  await env.aws.addAccessKey(id, 'static-key', user);
  await env.aws.trustRole(role, { principals: [`arn:aws:iam::${ACCOUNT}:user/${user}`] });
  env.aws.restrictRole(role, policies);
  await env.apply(
    secret(namespace, 'robot', { id, key: 'static-key' }),
    secretStore(namespace, 'store', aws('robot', { service, region, role })),
  );
  await isValid(env, namespace, 'store');
  return {
    namespace,
    role,
    region,
    async push(remoteKey, metadata, more = {}) {
      const envelope = { apiVersion: 'kubernetes.external-secrets.io/v1alpha1', kind: 'PushSecretMetadata' };
      const entry = { match: { secretKey: 'a', remoteRef: { remoteKey } } };
      const data = [metadata === undefined ? entry : { ...entry, metadata: { ...envelope, spec: metadata } }];
      await env.apply(pushSecret(namespace, 'push', 'source', 'store', {}, { data, ...more }));
    },
    source: async (value) => void (await env.apply(secret(namespace, 'source', { a: value }))),
    ready: (expected) =>
      env.eventually(async () => assert.match(await readyOf(env, pushSecrets, namespace, 'push'), expected)),
    async remove() {
      await env.kube.delete(pushSecrets, { namespace, name: 'push' });
      await env.eventually(() => assert.rejects(readyOf(env, pushSecrets, namespace, 'push')));
    },
    calls: () => env.aws.recorded().filter(({ principal }) => principal.includes(`assumed-role/${namespace}/`)),
  };
}
