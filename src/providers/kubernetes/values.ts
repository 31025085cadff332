/**
 * Values out of a Secret (`providers.md` 6.1). The raw value is what `secrets.ts` made: the Secret's `data` with base64
 * members, or its metadata.
 */
import { SecretValue } from '../../secret-value.ts';
import { PropertyNotFoundError } from '../errors.ts';
import {
  encodeBytesMap,
  encodeJson,
  isJsonObject,
  JsonSyntaxError,
  lookup,
  parseJson,
  PathLimitError,
  type JsonObject,
} from '../json/index.ts';
import type { RemoteRef, ValueReader } from '../provider.ts';

export const kubernetesValues: ValueReader = {
  select(raw: SecretValue, ref: RemoteRef): SecretValue {
    const object = objectOf(raw);
    if (ref.metadataPolicy === 'Fetch') return metadataValue(raw, object, ref);
    const data = dataBytes(object);
    if (isBlank(ref.property)) return SecretValue.ofText(encodeBytesMap(data));
    return SecretValue.ofBytes(dataProperty(data, ref.key, ref.property));
  },

  /** All keys with their bytes unchanged; of a property, its members as JSON (strings keep their quotes, as the peer's). */
  entries(raw: SecretValue, ref: RemoteRef): ReadonlyMap<string, SecretValue> {
    if (!isBlank(ref.property)) return jsonMembers(kubernetesValues.select(raw, ref), ref);
    const object = objectOf(raw);
    if (ref.metadataPolicy === 'Fetch')
      return new Map([...object.keys()].map((name) => [name, json(objectMember(object, name))]));
    return new Map([...dataBytes(object)].map(([name, bytes]) => [name, SecretValue.ofBytes(bytes)]));
  },
};

/** A Secret's `data`, decoded. */
export function dataBytes(data: JsonObject): ReadonlyMap<string, Uint8Array> {
  const decoded = new Map<string, Uint8Array>();
  for (const [name, value] of data) if (typeof value === 'string') decoded.set(name, Buffer.from(value, 'base64'));
  return decoded;
}

/** A key of the data, or `key.path`: a path into the JSON that the key holds. */
function dataProperty(data: ReadonlyMap<string, Uint8Array>, key: string, property: string): Uint8Array {
  const exact = data.get(property);
  if (exact !== undefined) return exact;
  const found = byPath(data, key, property);
  if (found !== undefined) return found;
  throw new PropertyNotFoundError(`property "${property}" does not exist in Secret "${key}"`);
}

function byPath(data: ReadonlyMap<string, Uint8Array>, key: string, property: string): Uint8Array | undefined {
  const [name, path] = splitAtDot(property);
  const document = name === '' || path === '' ? undefined : data.get(name);
  if (document === undefined) return undefined;
  try {
    return lookup(document, path);
  } catch (error) {
    if (!(error instanceof PathLimitError)) throw error;
    throw new PropertyNotFoundError(`property "${property}" of Secret "${key}": ${error.message}`);
  }
}

/** Everything after the first dot is the label's name, dots included: `labels.app.kubernetes.io/name`. */
function metadataValue(raw: SecretValue, metadata: JsonObject, ref: RemoteRef): SecretValue {
  const { key, property } = ref;
  if (isBlank(property)) return raw;
  const [part, name] = splitAtDot(property);
  const texts = objectMember(metadata, part);
  if (texts !== undefined && name === '' && property === part) return json(texts);
  const value = texts?.get(name);
  if (typeof value === 'string') return SecretValue.ofText(value);
  throw new PropertyNotFoundError(
    `property "${property}" does not exist in the metadata of Secret "${key}": ` +
      'use labels, annotations, labels.<name> or annotations.<name>',
  );
}

function jsonMembers(document: SecretValue, { key, property }: RemoteRef): ReadonlyMap<string, SecretValue> {
  const value = parsed(document);
  if (value === undefined)
    throw new PropertyNotFoundError(`property "${property}" of Secret "${key}" is not a JSON object`);
  const text = (member: string): string =>
    encodeJson(value.get(member) ?? null, { escapeHtml: false, numbers: 'float64' });
  return new Map([...value.keys()].map((member) => [member, SecretValue.ofText(text(member))]));
}

function parsed(document: SecretValue): JsonObject | undefined {
  try {
    const value = parseJson(document.reveal());
    return isJsonObject(value) ? value : undefined;
  } catch (error) {
    if (error instanceof JsonSyntaxError) return undefined;
    throw error;
  }
}

function splitAtDot(property: string): readonly [string, string] {
  const dot = property.indexOf('.');
  return dot < 0 ? [property, ''] : [property.slice(0, dot), property.slice(dot + 1)];
}

function objectOf(raw: SecretValue): JsonObject {
  const value = parseJson(raw.reveal());
  return isJsonObject(value) ? value : new Map();
}

function objectMember(object: JsonObject, name: string): JsonObject | undefined {
  const value = object.get(name);
  return isJsonObject(value) ? value : undefined;
}

function json(object: JsonObject | undefined): SecretValue {
  return SecretValue.ofText(encodeJson(object ?? new Map(), { escapeHtml: false }));
}

function isBlank(text: string | undefined): text is '' | undefined {
  return text === undefined || text === '';
}
