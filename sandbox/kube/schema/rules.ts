/**
 * Judges the CEL rules of a schema over a value, from the outside in, with the API server's error texts.
 */
import { evaluate } from '../cel/evaluate.ts';
import { CelError } from '../cel/functions.ts';
import type { CelRule } from '../cel/rule.ts';
import { duplicate, forbiddenField, invalidValue, required } from '../field-errors.ts';
import type { Json } from '../json.ts';
import { equalJson, isArray, isObject, plainText, valueAt } from '../json.ts';
import type { FieldError } from '../status.ts';
import type { Schema } from './schema.ts';
import { memberSchema } from './schema.ts';
import { counterpart } from './validate.ts';

/** @param old the stored value at the same place, on updates: what did not change is not judged again. */
function checkRules(value: Json, schema: Schema, path: string, old?: Json): FieldError[] {
  if (value === null || (old !== undefined && equalJson(value, old))) return [];
  const errors = schema.rules.flatMap((rule) => judge(rule, value, schema, path, old) ?? []);
  if (isArray(value)) {
    const { items } = schema;
    if (items !== undefined && hasRules(items))
      value.forEach((item, index) =>
        errors.push(...checkRules(item, items, `${path}[${index}]`, counterpart(item, schema, old))),
      );
  } else if (isObject(value)) {
    for (const [name, member] of Object.entries(value)) {
      const known = memberSchema(schema, name);
      if (known !== undefined && hasRules(known))
        errors.push(...checkRules(member, known, path === '' ? name : `${path}.${name}`, valueAt(old, name)));
    }
  }
  return errors;
}

const BLOCKING = new Set([
  'FieldValueNotSupported',
  'FieldValueRequired',
  'FieldValueTooLong',
  'FieldValueTooMany',
  'FieldValueTypeInvalid',
]);

/**
 * The rules' verdict on a whole object whose shape gave `shape`: rules are not judged on an object of the wrong shape,
 * and the API server says so.
 */
export function checkObjectRules(object: Json, schema: Schema, shape: readonly FieldError[], old?: Json): FieldError[] {
  if (!hasRules(schema)) return [];
  if (!shape.some((error) => BLOCKING.has(error.reason))) return checkRules(object, schema, '', old);
  const why =
    'some validation rules were not checked because the object was invalid; correct the existing errors to complete validation';
  return [invalidValue('<nil>', null, why)];
}

const withRules = new WeakMap<Schema, boolean>();

function hasRules(schema: Schema): boolean {
  let known = withRules.get(schema);
  if (known === undefined) {
    const below = [...schema.properties.values(), schema.additional, schema.items];
    known = schema.rules.length > 0 || below.some((sub) => sub !== undefined && hasRules(sub));
    withRules.set(schema, known);
  }
  return known;
}

function judge(
  rule: CelRule,
  value: Json,
  schema: Schema,
  path: string,
  old: Json | undefined,
): FieldError | undefined {
  if (rule.usesOldSelf && (old === undefined || old === null)) return undefined;
  const scope = new Map<string, Json>([['self', value]]);
  if (old !== undefined) scope.set('oldSelf', old);
  try {
    if (evaluate(rule.node, scope) === true) return undefined;
    const message = rule.messageNode === undefined ? rule.message : evaluate(rule.messageNode, scope);
    return broken(rule, value, schema, path, plainText(message));
  } catch (error) {
    if (!(error instanceof CelError)) throw error;
    return {
      field: path,
      reason: 'FieldValueInvalid',
      text: `Invalid value: ${JSON.stringify(schema.type ?? '')}: ${error.message} evaluating rule: ${rule.message}`,
    };
  }
}

function broken(rule: CelRule, value: Json, schema: Schema, path: string, message: string): FieldError {
  const field = [path, rule.fieldPath].filter((part) => part !== '').join('.') || '<nil>';
  switch (rule.reason) {
    case 'FieldValueForbidden':
      return forbiddenField(field, message);
    case 'FieldValueRequired':
      return required(field, message);
    case 'FieldValueDuplicate':
      return duplicate(field, value);
    default:
      if (schema.type !== 'object' && schema.type !== 'array') return invalidValue(field, value, message);
      return { field, reason: 'FieldValueInvalid', text: `Invalid value: ${message}` };
  }
}
