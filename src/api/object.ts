/**
 * What all our custom resources have in common: metadata, conditions, and the type of an object as it comes from the
 * API server. The API server has checked such an object against the CRD and filled in its defaults.
 */
import { z } from 'zod';
import { dateTime } from './fields.ts';

/** A type made of a schema, for objects that are shared: look, don't touch. */
export type Immutable<T> = T extends readonly (infer Item)[]
  ? readonly Immutable<Item>[]
  : T extends object
    ? { readonly [Member in keyof T]: Immutable<T[Member]> }
    : T;

/** The part of `ObjectMeta` that is read from custom resources. */
export interface Metadata {
  readonly name?: string;
  readonly generateName?: string;
  readonly namespace?: string;
  readonly uid?: string;
  readonly resourceVersion?: string;
  readonly generation?: number;
  /** RFC 3339, like `deletionTimestamp`. */
  readonly creationTimestamp?: string;
  readonly deletionTimestamp?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly finalizers?: readonly string[];
  readonly ownerReferences?: readonly {
    readonly apiVersion: string;
    readonly kind: string;
    readonly name: string;
    readonly uid: string;
    readonly controller?: boolean;
    readonly blockOwnerDeletion?: boolean;
  }[];
}

/** An object of one of our kinds. `spec` may be missing: no CRD requires it. */
export interface CustomResource<Spec, Status = never> {
  readonly apiVersion?: string;
  readonly kind?: string;
  readonly metadata: Metadata;
  readonly spec?: Spec;
  readonly status?: Status;
}

/** One condition of a status, with the types of condition the kind has. */
export function conditionSchema<T extends z.ZodType<string, string>>(type: T) {
  return z.object({
    type: type.describe('The type of the condition.'),
    status: z.string().describe('Whether the condition holds: True, False or Unknown.'),
    reason: z.string().optional().describe('One word for machines that says why the condition has its status.'),
    message: z.string().optional().describe('The same for people, with the cause when something failed.'),
    lastTransitionTime: dateTime.optional().describe('When the status of the condition last changed.'),
  });
}

/** Labels and annotations that a cluster kind gives to the objects it makes. */
export const childMetadata = z.object({
  labels: z.record(z.string(), z.string()).optional().describe('Labels of each object; others are removed.'),
  annotations: z.record(z.string(), z.string()).optional().describe('Annotations of each object; others are removed.'),
});

export const failedNamespaces = z
  .array(
    z.object({
      namespace: z.string().describe('The namespace.'),
      reason: z.string().optional().describe('Why nothing could be made in it.'),
    }),
  )
  .optional()
  .describe('Namespaces in which the object could not be made, sorted by name.');

export const provisionedNamespaces = z
  .array(z.string())
  .optional()
  .describe('Namespaces in which the object was made, sorted by name.');
