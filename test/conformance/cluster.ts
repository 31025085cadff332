/**
 * A cluster as providers see it, held in memory: Secrets, ServiceAccounts and the tokens for them. It remembers what was
 * read, as the real one does, and everything can be changed while sessions are open.
 */
import type { Clock } from '../../src/clock.ts';
import { InvalidProviderConfigError } from '../../src/providers/errors.ts';
import type { ClusterPort, ResolvedObject } from '../../src/providers/pool.ts';
import type { ClusterAccess } from '../../src/providers/provider.ts';
import { SecretValue } from '../../src/secret-value.ts';

interface Stored {
  readonly data: Readonly<Record<string, string>>;
  readonly resourceVersion: string;
}

export class MemoryCluster implements ClusterPort {
  readonly #clock: Clock;
  readonly #objects = new Map<string, Stored>();
  #version = 1;
  /** TokenRequests so far. */
  tokens = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Creates or replaces a Secret; data as text. */
  putSecret(namespace: string, name: string, data: Readonly<Record<string, string>>): void {
    this.#put('Secret', namespace, name, data);
  }

  putServiceAccount(namespace: string, name: string, annotations: Readonly<Record<string, string>> = {}): void {
    this.#put('ServiceAccount', namespace, name, annotations);
  }

  isCurrent(object: ResolvedObject): boolean {
    const stored = this.#objects.get(`${object.kind}:${object.namespace}/${object.name}`);
    return stored?.resourceVersion === object.resourceVersion;
  }

  access(_store: unknown, consumer: string): ClusterAccess & { resolved(): readonly ResolvedObject[] } {
    const resolved: ResolvedObject[] = [];
    const read = (kind: 'Secret' | 'ServiceAccount', name = '', namespace = consumer): Stored => {
      const stored = this.#objects.get(`${kind}:${namespace}/${name}`);
      if (stored === undefined) throw new InvalidProviderConfigError(`${kind} ${namespace}/${name} not found`);
      resolved.push({ kind, namespace, name, uid: name, resourceVersion: stored.resourceVersion });
      return stored;
    };
    return {
      resolved: () => resolved,
      secretKey: async (field, { name, namespace, key = '' }) => {
        const value = read('Secret', name, namespace).data[key];
        if (value === undefined) throw new InvalidProviderConfigError(`${field}: Secret ${name} has no key "${key}"`);
        return SecretValue.ofText(value);
      },
      secret: async (_field, { name, namespace }) => {
        const { data } = read('Secret', name, namespace);
        return {
          data: new Map(Object.entries(data).map(([key, text]) => [key, SecretValue.ofText(text)])),
          labels: {},
        };
      },
      serviceAccount: async (_field, { name, namespace = consumer }) => {
        const { data } = read('ServiceAccount', name, namespace);
        return { namespace, name, uid: name, annotations: data };
      },
      serviceAccountToken: async (_field, { name, namespace = consumer }, { audiences }) => {
        read('ServiceAccount', name, namespace);
        return this.#token(`system:serviceaccount:${namespace}:${name}`, audiences);
      },
      certificateAuthority: async () => undefined,
      operatorToken: async () => SecretValue.ofText('operator'),
    };
  }

  #token(subject: string, audiences: readonly string[]): { token: SecretValue; expiresAt: number } {
    this.tokens += 1;
    const expiresAt = this.#clock.now() + 3_600_000;
    const claims = { iss: 'https://cluster.test', sub: subject, aud: audiences, exp: expiresAt / 1000 };
    const encode = (part: unknown): string => Buffer.from(JSON.stringify(part)).toString('base64url');
    return { token: SecretValue.ofText(`${encode({ alg: 'RS256' })}.${encode(claims)}.c2lnbmVk`), expiresAt };
  }

  #put(kind: string, namespace: string, name: string, data: Readonly<Record<string, string>>): void {
    this.#objects.set(`${kind}:${namespace}/${name}`, { data, resourceVersion: String(this.#version++) });
  }
}
