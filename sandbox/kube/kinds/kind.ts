/**
 * What the sandbox knows about one resource: its names, its versions and the rules of its kind. Core kinds are written
 * by hand, custom ones come from CRDs; everything else works from this description alone.
 */
import type { JsonObject } from '../json.ts';
import type { Schema } from '../schema/schema.ts';
import type { FieldReader } from '../selectors.ts';
import type { FieldError } from '../status.ts';

/** A column of `kubectl get`. */
export interface Column {
  readonly name: string;
  readonly type: string;
  readonly format?: string;
  readonly description?: string;
  readonly priority: number;
  /** The cell of one object; `now` in milliseconds, for ages. */
  readonly cell: (object: JsonObject, now: number) => string | number | boolean | null;
}

export interface KindVersion {
  readonly name: string;
  readonly schema: Schema;
  readonly columns: readonly Column[];
  readonly hasStatus: boolean;
  /** Text of the Warning header, for deprecated versions. */
  readonly deprecation: string | undefined;
  /** What field selectors may use, beside `metadata.name` and `metadata.namespace`. */
  readonly selectable: ReadonlyMap<string, FieldReader>;
}

/** Rules that a schema cannot say. All of them leave the given object alone. */
export interface KindRules {
  /** Turns what was sent into what is kept, e.g. `stringData` into `data`. @throws StatusError 400 */
  readonly decode?: (object: JsonObject) => JsonObject;
  readonly prepareCreate?: (object: JsonObject) => JsonObject;
  readonly prepareUpdate?: (object: JsonObject, old: JsonObject) => JsonObject;
  readonly validate?: (object: JsonObject) => readonly FieldError[];
  readonly validateUpdate?: (object: JsonObject, old: JsonObject) => readonly FieldError[];
}

export interface Kind {
  readonly group: string;
  readonly plural: string;
  readonly singular: string;
  readonly kind: string;
  readonly listKind: string;
  readonly shortNames: readonly string[];
  readonly categories: readonly string[];
  readonly namespaced: boolean;
  /** Served versions, most preferred first. */
  readonly versions: readonly KindVersion[];
  readonly storageVersion: string;
  /** Core kinds are typed: their list items carry no kind, and wrong types are decoding errors. */
  readonly custom: boolean;
  /** Whether `metadata.generation` counts changes of the spec. */
  readonly hasGeneration: boolean;
  /** PUT of an object that does not exist creates it. */
  readonly createOnUpdate: boolean;
  /** PUT without a resourceVersion is allowed. */
  readonly unconditionalUpdate: boolean;
  /** Subresources other than `status`, for discovery. */
  readonly subresources: readonly { readonly name: string; readonly kind: string; readonly verbs: readonly string[] }[];
  readonly rules: KindRules;
}

/** `group/plural`: the name of the kind's table. */
export function kindId(kind: Pick<Kind, 'group' | 'plural'>): string {
  return `${kind.group}/${kind.plural}`;
}

export function groupVersion(group: string, version: string): string {
  return group === '' ? version : `${group}/${version}`;
}
