/**
 * Checks a value against its schema, in the API server's words. On an update, parts that did not change are not
 * complained about ("ratcheting"), so an object stored under older rules can still be edited elsewhere.
 */
import { invalidValue, notSupported, required, tooLong, tooMany, typeInvalid, duplicate } from '../field-errors.ts';
import type { Json, JsonObject } from '../json.ts';
import { canonicalText, equalJson, isArray, isObject, valueAt } from '../json.ts';
import type { FieldError } from '../status.ts';
import { hasFormat, isCheckedFormat } from './formats.ts';
import type { Schema } from './schema.ts';
import { memberSchema } from './schema.ts';

/** @param old the stored value at the same place, on updates. */
export function validate(value: Json, schema: Schema, path: string, old?: Json): FieldError[] {
  if (old !== undefined && equalJson(value, old)) return [];
  if (value === null && schema.nullable) return [];
  const wrongType = checkType(value, schema, path);
  if (wrongType !== undefined)
    return [...wrongType, ...checkEnum(value, schema, path), ...checkCombined(value, schema, path)];
  return [
    ...checkOwn(value, schema, path),
    ...checkMembers(value, schema, path, old),
    ...checkCombined(value, schema, path),
  ];
}

/** Validates only `status`, as writes through its subresource do; texts then name fields from there. */
export function validateStatus(object: JsonObject, schema: Schema, old: JsonObject): FieldError[] {
  const known = schema.properties.get('status');
  const status = valueAt(object, 'status');
  if (known === undefined || status === undefined) return [];
  return validate(status, known, '', valueAt(old, 'status')).map((error) => ({
    ...error,
    field: childPath('status', error.field),
  }));
}

/** Validates the spec'd members of a whole object; `metadata` has its own rules elsewhere. */
export function validateObject(object: JsonObject, schema: Schema, old?: JsonObject): FieldError[] {
  const errors: FieldError[] = [];
  if (old !== undefined && equalJson(object, old)) return errors;
  for (const [name, member] of schema.properties) {
    if (name === 'metadata' || name === 'apiVersion' || name === 'kind' || !Object.hasOwn(object, name)) continue;
    errors.push(...validate(object[name] ?? null, member, name, valueAt(old, name)));
  }
  errors.push(...checkRequired(object, schema, ''));
  return errors;
}

function jsonType(value: Json): string {
  if (value === null) return 'null';
  if (isArray(value)) return 'array';
  if (typeof value === 'number') return Number.isInteger(value) ? 'integer' : 'number';
  return typeof value;
}

function checkType(value: Json, schema: Schema, path: string): FieldError[] | undefined {
  const allowed = schema.intOrString ? ['integer', 'string'] : schema.type === undefined ? [] : [schema.type];
  const actual = jsonType(value);
  const fits = allowed.length === 0 || allowed.includes(actual) || (actual === 'integer' && allowed.includes('number'));
  if (fits) return undefined;
  if (schema.format !== undefined && hasKnownFormat(schema)) {
    if (isArray(value) && schema.type === 'string') return [];
    if (typeof value !== 'string' && !isArray(value)) return [wrongFormat(value, schema.format, path)];
  }
  const why = `${path} in body must be of type ${allowed.join(',')}: ${JSON.stringify(actual)}`;
  const wrong = typeInvalid(path, actual, why);
  if (typeof value !== 'number' || schema.type !== 'integer') return [wrong];
  return [wrong, invalidValue('<nil>', '', `Checked value must be of type integer (default format) in ${path}`)];
}

/** A quirk of the API server: where a format is asked for, it compares formats instead of types (and lists pass). */
function wrongFormat(value: Json, format: string, path: string): FieldError {
  const actual = typeof value === 'number' ? (Number.isInteger(value) ? 'int64' : 'double') : '';
  return typeInvalid(path, actual, `${path} in body must be of type ${format}: ${JSON.stringify(actual)}`);
}

function hasKnownFormat(schema: Schema): boolean {
  return (
    schema.format !== undefined &&
    (isCheckedFormat(schema.format) || ['int32', 'int64', 'double', 'float'].includes(schema.format))
  );
}

function checkEnum(value: Json, schema: Schema, path: string): FieldError[] {
  if (schema.enum === undefined || schema.enum.some((item) => equalJson(item, value))) return [];
  return [notSupported(path, value, schema.enum.map(enumText))];
}

function checkOwn(value: Json, schema: Schema, path: string): FieldError[] {
  const errors = checkEnum(value, schema, path);
  if (typeof value === 'string') errors.push(...checkText(value, schema, path));
  else if (typeof value === 'number') errors.push(...checkNumber(value, schema, path));
  else if (isArray(value)) errors.push(...checkList(value, schema, path));
  else if (isObject(value)) errors.push(...checkCount(value, schema, path));
  return errors;
}

function enumText(value: Json): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** Length and pattern: only the first that is broken is reported; the format is a check of its own. */
function checkText(value: string, schema: Schema, path: string): FieldError[] {
  const shape = checkShape(value, schema, path);
  const errors = shape === undefined ? [] : [shape];
  if (schema.format !== undefined && !hasFormat(value, schema.format))
    errors.push(typeInvalid(path, value, `${path} in body must be of type ${schema.format}: ${JSON.stringify(value)}`));
  return errors;
}

function checkShape(value: string, schema: Schema, path: string): FieldError | undefined {
  const length = Array.from(value).length;
  const min = schema.limits.get('minLength');
  const max = schema.limits.get('maxLength');
  if (max !== undefined && length > max) return tooLong(path, max);
  if (min !== undefined && length < min)
    return invalidValue(path, value, `${path} in body should be at least ${min} chars long`);
  if (schema.pattern === undefined || schema.pattern.regexp.matcher(value).find()) return undefined;
  return invalidValue(path, value, `${path} in body should match '${schema.pattern.text}'`);
}

function checkNumber(value: number, schema: Schema, path: string): FieldError[] {
  const errors: FieldError[] = [];
  const fail = (why: string): void => void errors.push(invalidValue(path, value, `${path} in body should be ${why}`));
  const min = schema.limits.get('minimum');
  const max = schema.limits.get('maximum');
  const multiple = schema.limits.get('multipleOf');
  if (multiple !== undefined && value % multiple !== 0) fail(`a multiple of ${multiple}`);
  if (max !== undefined && (schema.exclusiveMaximum ? value >= max : value > max))
    fail(schema.exclusiveMaximum ? `less than ${max}` : `less than or equal to ${max}`);
  if (min !== undefined && (schema.exclusiveMinimum ? value <= min : value < min))
    fail(schema.exclusiveMinimum ? `greater than ${min}` : `greater than or equal to ${min}`);
  if (schema.format === 'int32' && (value >= 2 ** 31 || value < -(2 ** 31)))
    errors.push(invalidValue('<nil>', '', `Checked value must be of type integer with format int32 in ${path}`));
  return errors;
}

function checkList(value: readonly Json[], schema: Schema, path: string): FieldError[] {
  const errors: FieldError[] = [];
  const min = schema.limits.get('minItems');
  const max = schema.limits.get('maxItems');
  if (min !== undefined && value.length < min)
    errors.push(invalidValue(path, value.length, `${path} in body should have at least ${min} items`));
  if (max !== undefined && value.length > max) errors.push(tooMany(path, value.length, max));
  if (schema.listType === 'set' || schema.listType === 'map') errors.push(...checkDuplicates(value, schema, path));
  return errors;
}

function checkDuplicates(value: readonly Json[], schema: Schema, path: string): FieldError[] {
  const seen = new Set<string>();
  const errors: FieldError[] = [];
  value.forEach((item, index) => {
    const id = schema.listType === 'set' ? item : keysOf(item, schema);
    const text = canonicalText(id);
    if (seen.has(text)) errors.push(duplicate(`${path}[${index}]`, id));
    seen.add(text);
  });
  return errors;
}

function keysOf(item: Json, schema: Schema): JsonObject {
  const keys = schema.mapKeys.map((key) => [key, valueAt(item, key)] as const);
  return Object.fromEntries(keys.filter((pair): pair is [string, Json] => pair[1] !== undefined));
}

function checkCount(value: JsonObject, schema: Schema, path: string): FieldError[] {
  const errors: FieldError[] = [];
  const count = Object.keys(value).length;
  const min = schema.limits.get('minProperties');
  const max = schema.limits.get('maxProperties');
  if (min !== undefined && count < min)
    errors.push(invalidValue(path, count, `${path} in body should have at least ${min} properties`));
  if (max !== undefined && count > max) errors.push(tooMany(path, count, max));
  return errors;
}

function childPath(path: string, name: string): string {
  return path === '' ? name : `${path}.${name}`;
}

function checkMembers(value: Json, schema: Schema, path: string, old: Json | undefined): FieldError[] {
  if (isArray(value)) return checkItems(value, schema, path, old);
  if (!isObject(value)) return [];
  const errors: FieldError[] = [];
  for (const [name, member] of Object.entries(value)) {
    const known = memberSchema(schema, name);
    if (known !== undefined) errors.push(...validate(member, known, childPath(path, name), valueAt(old, name)));
  }
  return [...errors, ...checkRequired(value, schema, path)];
}

/** Only items of keyed lists have a counterpart in the old object. */
function checkItems(value: readonly Json[], schema: Schema, path: string, old: Json | undefined): FieldError[] {
  const { items } = schema;
  if (items === undefined) return [];
  return value.flatMap((item, index) => validate(item, items, `${path}[${index}]`, counterpart(item, schema, old)));
}

export function counterpart(item: Json, schema: Schema, old: Json | undefined): Json | undefined {
  if (schema.listType !== 'map' || !isArray(old)) return undefined;
  const keys = keysOf(item, schema);
  return old.find((other) => equalJson(keysOf(other, schema), keys));
}

function checkRequired(value: JsonObject, schema: Schema, path: string): FieldError[] {
  return schema.required.filter((name) => !Object.hasOwn(value, name)).map((name) => required(childPath(path, name)));
}

/** Errors of combinations are not bound to a field; those of the first alternative come along. */
function checkCombined(value: Json, schema: Schema, path: string): FieldError[] {
  const errors: FieldError[] = [];
  const fail = (why: string): void =>
    void errors.push(invalidValue('<nil>', '', `${JSON.stringify(path)} must ${why}`));
  const verdicts = (subs: readonly Schema[]): FieldError[][] => subs.map((sub) => validate(value, sub, path));
  const valid = (results: readonly FieldError[][]): number => results.filter((result) => result.length === 0).length;
  const any = verdicts(schema.anyOf);
  if (any.length > 0 && valid(any) === 0) {
    fail('validate at least one schema (anyOf)');
    errors.push(...(any[0] ?? []));
  }
  const one = verdicts(schema.oneOf);
  if (one.length > 0 && valid(one) !== 1) {
    const found = valid(one) === 0 ? 'Found none valid' : `Found ${valid(one)} valid alternatives`;
    fail(`validate one and only one schema (oneOf). ${found}`);
    if (valid(one) === 0) errors.push(...(one[0] ?? []));
  }
  const all = verdicts(schema.allOf);
  errors.push(...all.flat());
  if (valid(all) < all.length) fail(`validate all the schemas (allOf)${valid(all) === 0 ? '. None validated' : ''}`);
  if (schema.not !== undefined && validate(value, schema.not, path).length === 0) fail('not validate the schema (not)');
  return errors;
}
