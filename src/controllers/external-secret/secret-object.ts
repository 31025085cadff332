/**
 * A core/v1 Secret as it crosses the wire, and the few questions we ask about one.
 */
import type { KubeObject, ManagedFieldsEntry, ObjectMeta } from '../../kube/types.ts';

export interface SecretObject extends KubeObject {
  readonly type?: string;
  readonly immutable?: boolean;
  /** Base64, standard alphabet, padded: as the API server stores and returns it. */
  readonly data?: Readonly<Record<string, string>>;
}

export interface OwnedFields {
  readonly data: ReadonlySet<string>;
  readonly labels: ReadonlySet<string>;
  readonly annotations: ReadonlySet<string>;
}

/** What `manager` wrote according to `managedFields`, whatever the operation (D3). */
export function ownedBy(manager: string, entries: readonly ManagedFieldsEntry[] | undefined): OwnedFields {
  const data = new Set<string>();
  const labels = new Set<string>();
  const annotations = new Set<string>();
  for (const entry of entries ?? []) {
    if (entry.manager !== manager) continue;
    collect(entry.fieldsV1?.['f:data'], data);
    const metadata = entry.fieldsV1?.['f:metadata'];
    collect(member(metadata, 'f:labels'), labels);
    collect(member(metadata, 'f:annotations'), annotations);
  }
  return { data, labels, annotations };
}

export function decodedData(secret: SecretObject): Map<string, Uint8Array> {
  return new Map(Object.entries(secret.data ?? {}).map(([key, text]) => [key, Buffer.from(text, 'base64')]));
}

export function encodedData(data: ReadonlyMap<string, Uint8Array>): Record<string, string> {
  const encoded: Record<string, string> = {};
  for (const [key, bytes] of data) {
    // A key called __proto__ is legal in a Secret and must not become the object's prototype.
    Object.defineProperty(encoded, key, {
      value: Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64'),
      enumerable: true,
      configurable: true,
      writable: true,
    });
  }
  return encoded;
}

export function without<V>(map: Readonly<Record<string, V>> | undefined, keys: ReadonlySet<string>): Record<string, V> {
  return Object.fromEntries(Object.entries(map ?? {}).filter(([key]) => !keys.has(key)));
}

/** Metadata as it is sent back in a whole Update: what the server owns is left out. */
export function writableMeta(metadata: ObjectMeta): ObjectMeta {
  const { managedFields: _managed, creationTimestamp: _created, ...rest } = metadata;
  return rest;
}

function member(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[key] : undefined;
}

function collect(fields: unknown, into: Set<string>): void {
  if (typeof fields !== 'object' || fields === null) return;
  for (const field of Object.keys(fields)) if (field.startsWith('f:')) into.add(field.slice(2));
}
