/** The two Secrets in which the webhook's certificates live, as text. */
import type { KubeObject, Stored } from '../kube/types.ts';
import type { Material } from './renewal.ts';

export interface SecretObject extends KubeObject {
  readonly type?: string;
  /** Base64. */
  readonly data?: Readonly<Record<string, string>>;
}

/** The keys of both Secrets. `ca.key` belongs into the authority's only. */
export const KEYS = { bundle: 'ca.crt', authorityKey: 'ca.key', cert: 'tls.crt', key: 'tls.key' } as const;

/** The value of a key as text; empty when there is none. */
export function textOf(secret: SecretObject, key: string): string {
  return Buffer.from(secret.data?.[key] ?? '', 'base64').toString('utf8');
}

/** The Secret with these texts; undefined takes a key away. Undefined when that changes nothing. */
export function withTexts(
  secret: Stored<SecretObject>,
  texts: Readonly<Record<string, string | undefined>>,
): Stored<SecretObject> | undefined {
  const data = { ...secret.data };
  let changed = false;
  for (const [key, text] of Object.entries(texts)) {
    const wanted = text === undefined ? undefined : Buffer.from(text).toString('base64');
    if (data[key] === wanted) continue;
    changed = true;
    if (wanted === undefined) delete data[key];
    else data[key] = wanted;
  }
  return changed ? { ...secret, data } : undefined;
}

export function materialOf(served: SecretObject, authority: SecretObject): Material {
  return {
    authority: { cert: textOf(authority, KEYS.bundle), key: textOf(authority, KEYS.authorityKey) },
    inherited: { cert: textOf(served, KEYS.bundle), key: textOf(served, KEYS.authorityKey) },
    bundle: textOf(served, KEYS.bundle),
    server: { cert: textOf(served, KEYS.cert), key: textOf(served, KEYS.key) },
  };
}
