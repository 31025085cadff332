/**
 * What `external-secrets render` prints of an object: without a cluster there is no UID to refer to, and values are shown only to who
 * asks for them.
 */
import type { ManifestObject } from '../controllers/external-secret/manifest/build.ts';
import type { SecretObject } from '../controllers/external-secret/secret-object.ts';

/** Values are text where they are text. */
export function shownSecret(secret: SecretObject, showValues: boolean): object {
  const { ownerReferences: _references, ...metadata } = secret.metadata;
  const values = Object.entries(secret.data ?? {}).map(
    ([key, base64]) => [key, Buffer.from(base64, 'base64')] as const,
  );
  const masked = values.map(([key, bytes]) => [key, `<${bytes.length} bytes>`]);
  const { data: _data, metadata: _metadata, ...rest } = secret;
  if (!showValues) return { ...rest, metadata, data: Object.fromEntries(masked) as object };
  const isText = values.every(([, bytes]) => Buffer.from(bytes.toString('utf8')).equals(bytes));
  const texts = values.map(([key, bytes]) => [key, bytes.toString('utf8')]);
  return isText
    ? { ...rest, metadata, stringData: Object.fromEntries(texts) as object }
    : { ...rest, metadata, data: secret.data };
}

export function shownManifest(object: ManifestObject, showValues: boolean): object {
  const { ownerReferences: _references, ...metadata } = object.metadata;
  const { apiVersion, kind, metadata: _metadata, ...content } = object;
  return { apiVersion, kind, metadata, ...(showValues ? content : (masked(content) as object)) };
}

/** Any leaf may be, or hold, a value. */
function masked(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(masked);
  if (value === null) return null;
  if (typeof value !== 'object') {
    const text = typeof value === 'string' ? value : JSON.stringify(value);
    return `<${Buffer.byteLength(text)} bytes>`;
  }
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, masked(member)]));
}
