/**
 * Makers of field errors in kube-apiserver's words: `Invalid value: "x": why`, `Required value`, `Unsupported value:
 * "x": supported values: "A", "B"`, and so on. Values of Secrets must not be passed in.
 */
import type { Json } from './json.ts';
import { canonicalText } from './json.ts';
import type { FieldError } from './status.ts';

/** How the API server prints a bad value: texts quoted, the rest as JSON. */
export function shown(value: Json | undefined): string {
  return canonicalText(value);
}

export function invalidValue(field: string, value: Json | undefined, why: string): FieldError {
  return { field, reason: 'FieldValueInvalid', text: `Invalid value: ${shown(value)}: ${why}` };
}

export function typeInvalid(field: string, value: Json | undefined, why: string): FieldError {
  return { field, reason: 'FieldValueTypeInvalid', text: `Invalid value: ${shown(value)}: ${why}` };
}

export function required(field: string, why = ''): FieldError {
  return { field, reason: 'FieldValueRequired', text: why === '' ? 'Required value' : `Required value: ${why}` };
}

export function notSupported(field: string, value: Json | undefined, supported: readonly string[]): FieldError {
  const values = supported.map((text) => JSON.stringify(text)).join(', ');
  return {
    field,
    reason: 'FieldValueNotSupported',
    text: `Unsupported value: ${shown(value)}: supported values: ${values}`,
  };
}

export function forbiddenField(field: string, why: string): FieldError {
  return { field, reason: 'FieldValueForbidden', text: why === '' ? 'Forbidden' : `Forbidden: ${why}` };
}

export function duplicate(field: string, value: Json | undefined): FieldError {
  return { field, reason: 'FieldValueDuplicate', text: `Duplicate value: ${shown(value)}` };
}

export function tooLong(field: string, max: number): FieldError {
  return { field, reason: 'FieldValueTooLong', text: `Too long: may not be more than ${max} bytes` };
}

export function tooMany(field: string, actual: number, max: number): FieldError {
  return {
    field,
    reason: 'FieldValueTooMany',
    text: `Too many: ${actual}: must have at most ${max} ${max === 1 ? 'item' : 'items'}`,
  };
}
