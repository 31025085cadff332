/**
 * Small field types that the kinds are made of. Each is a zod schema whose `meta` says what JSON Schema cannot:
 * formats and the `x-kubernetes-*` extensions of structural schemas. `crd.ts` carries them into the CRDs.
 */
import { z } from 'zod';

/** A Go duration, kept as typed. No pattern: what cannot be read is refused by admission and by the controllers (D15). */
export const duration = z.string();

/** RFC 3339. */
export const dateTime = z.string().meta({ format: 'date-time' });

/** Base64 in JSON. */
export const bytes = z.string().meta({ format: 'byte' });

export const int32 = z.int32().meta({ format: 'int32' });
export const int64 = z.int().meta({ format: 'int64' });

/** A whole number or a text. */
export const intOrString = z.union([z.int(), z.string()]).meta({ 'x-kubernetes-int-or-string': true });

export const stringMap = z.record(z.string(), z.string());

/** Any JSON value at all. */
export const anyJson = z.unknown();

/** An object whose members are not described here; the API server keeps them all. */
export const openObject = z.looseObject({});

/** An object whose optional members exclude each other: one of them, and only one, is present. */
export function exactlyOneOf<Shape extends z.core.$ZodLooseShape>(shape: Shape) {
  const names = Object.keys(shape).join(', ');
  return z
    .object(shape)
    .refine((value) => presentMembers(value) === 1, { error: `exactly one of ${names} must be set` })
    .meta({ minProperties: 1, maxProperties: 1 });
}

function presentMembers(value: object): number {
  return Object.values(value).filter((member) => member !== undefined).length;
}

/** A rule in CEL, checked by the API server. */
export interface CelRule {
  readonly rule: string;
  readonly message: string;
}

/** The `meta` of a schema with CEL rules. The same rule belongs into a `refine` where zod is to know it too. */
export function celRules(...rules: readonly CelRule[]): { 'x-kubernetes-validations': readonly CelRule[] } {
  return { 'x-kubernetes-validations': rules };
}
