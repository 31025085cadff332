/**
 * Secrets and ConfigMaps: base64, keys, sizes, required keys of typed Secrets, immutability.
 */
import { forbiddenField, invalidValue, required, tooLong } from '../field-errors.ts';
import type { JsonObject } from '../json.ts';
import { compact, equalJson, isObject, objectAt, plainText, textAt, withMember } from '../json.ts';
import { hasFormat } from '../schema/formats.ts';
import type { FieldError } from '../status.ts';
import { badRequest } from '../status.ts';
import type { KindRules } from './kind.ts';
import { configKeyProblems } from './names.ts';

const MOST_BYTES = 1024 * 1024;

/** Position of the first byte that is not base64, as Go's decoder reports it. */
function badBase64At(text: string): number | undefined {
  if (hasFormat(text, 'byte')) return undefined;
  const wrong = /[^A-Za-z0-9+/\r\n]/.exec(text)?.index ?? text.length;
  return wrong < text.length && text[wrong] !== '='
    ? wrong
    : Math.min(wrong, text.length - (text.length % 4 === 0 ? 1 : text.length % 4));
}

function refuseBadBase64(kind: string, values: JsonObject): void {
  for (const value of Object.values(values)) {
    const at = typeof value === 'string' ? badBase64At(value) : undefined;
    if (at !== undefined)
      throw badRequest(
        `${kind} in version "v1" cannot be handled as a ${kind}: illegal base64 data at input byte ${at}`,
      );
  }
}

/** Nulls in maps of bytes are empty values; base64 is kept in its canonical form. */
function canonicalBytes(values: JsonObject): JsonObject {
  return Object.fromEntries(
    Object.entries(values).map(([key, value]) => [key, Buffer.from(plainText(value), 'base64').toString('base64')]),
  );
}

function decodeSecret(object: JsonObject): JsonObject {
  refuseBadBase64('Secret', objectAt(object, 'data'));
  const { stringData, ...rest } = object;
  let data = isObject(object['data']) ? canonicalBytes(object['data']) : undefined;
  for (const [key, text] of Object.entries(isObject(stringData) ? stringData : {}))
    data = withMember(data ?? {}, key, Buffer.from(plainText(text), 'utf8').toString('base64'));
  return withMember(withMember(rest, 'data', data), 'type', textAt(object, 'type') || 'Opaque');
}

function byteSize(base64: unknown): number {
  return typeof base64 === 'string' ? Buffer.byteLength(base64, 'base64') : 0;
}

function keyErrors(field: string, values: JsonObject): FieldError[] {
  return Object.keys(values).flatMap((key) =>
    configKeyProblems(key).map((why) => invalidValue(`${field}[${key}]`, key, why)),
  );
}

function validateSecret(object: JsonObject): FieldError[] {
  const data = objectAt(object, 'data');
  const errors = keyErrors('data', data);
  const size = Object.values(data).reduce((sum: number, value) => sum + byteSize(value), 0);
  if (size > MOST_BYTES) errors.push(tooLong('data', MOST_BYTES));
  return [...errors, ...typeErrors(object, data)];
}

function typeErrors(object: JsonObject, data: JsonObject): FieldError[] {
  const missing = (...keys: readonly string[]): FieldError[] =>
    keys.filter((key) => !Object.hasOwn(data, key)).map((key) => required(`data[${key}]`));
  switch (textAt(object, 'type')) {
    case 'kubernetes.io/service-account-token':
      return textAt(object, 'metadata', 'annotations', 'kubernetes.io/service-account.name') === undefined
        ? [required('metadata.annotations[kubernetes.io/service-account.name]')]
        : [];
    case 'kubernetes.io/dockercfg':
      return jsonKey(data, '.dockercfg');
    case 'kubernetes.io/dockerconfigjson':
      return jsonKey(data, '.dockerconfigjson');
    case 'kubernetes.io/basic-auth': {
      const absent = missing('username', 'password');
      return absent.length === 2 ? absent : [];
    }
    case 'kubernetes.io/ssh-auth':
      return byteSize(data['ssh-privatekey']) === 0 ? [required('data[ssh-privatekey]')] : [];
    case 'kubernetes.io/tls':
      return missing('tls.crt', 'tls.key');
    default:
      return [];
  }
}

function jsonKey(data: JsonObject, key: string): FieldError[] {
  if (!Object.hasOwn(data, key)) return [required(`data[${key}]`)];
  try {
    JSON.parse(Buffer.from(plainText(data[key]), 'base64').toString('utf8'));
    return [];
  } catch {
    return [invalidValue(`data[${key}]`, '<secret contents redacted>', 'invalid character in JSON')];
  }
}

const FROZEN = 'field is immutable when `immutable` is set';

function frozenErrors(object: JsonObject, old: JsonObject, fields: readonly string[]): FieldError[] {
  if (old['immutable'] !== true) return [];
  const errors = object['immutable'] === true ? [] : [forbiddenField('immutable', FROZEN)];
  const changed = fields.filter((field) => !equalJson(objectAt(object, field), objectAt(old, field)));
  return [...errors, ...changed.map((field) => forbiddenField(field, FROZEN))];
}

export const secretRules: KindRules = {
  decode: decodeSecret,
  prepareUpdate: (object, old) =>
    textAt(object, 'type') === undefined ? { ...object, type: old['type'] ?? 'Opaque' } : object,
  validate: validateSecret,
  validateUpdate: (object, old) => {
    const type = textAt(object, 'type') ?? '';
    const changed = type === textAt(old, 'type') ? [] : [invalidValue('type', type, 'field is immutable')];
    return [...changed, ...frozenErrors(object, old, ['data'])];
  },
};

export const configMapRules: KindRules = {
  decode: (object) => {
    refuseBadBase64('ConfigMap', objectAt(object, 'binaryData'));
    const binaryData = isObject(object['binaryData']) ? canonicalBytes(object['binaryData']) : undefined;
    return compact({ ...object, binaryData });
  },
  validate: (object) => {
    const data = objectAt(object, 'data');
    const binary = objectAt(object, 'binaryData');
    const errors = [...keyErrors('data', data), ...keyErrors('binaryData', binary)];
    for (const key of Object.keys(data))
      if (Object.hasOwn(binary, key))
        errors.push(invalidValue(`data[${key}]`, key, 'duplicate of key present in binaryData'));
    const texts = Object.values(data).reduce((sum: number, value) => sum + Buffer.byteLength(plainText(value)), 0);
    const size = Object.values(binary).reduce((sum: number, value) => sum + byteSize(value), texts);
    return size > MOST_BYTES ? [...errors, tooLong('[]', MOST_BYTES)] : errors;
  },
  validateUpdate: (object, old) => frozenErrors(object, old, ['data', 'binaryData']),
};
