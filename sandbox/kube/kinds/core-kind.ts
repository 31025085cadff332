/**
 * Makes the description of a built-in kind from the little that differs between them.
 */
import type { JsonObject } from '../json.ts';
import { withObjectMembers } from '../schema/metadata.ts';
import { compileSchema } from '../schema/schema.ts';
import type { FieldReader } from '../selectors.ts';
import { ageColumn, nameColumn } from './columns.ts';
import type { Column, Kind, KindRules } from './kind.ts';

export interface CoreInit {
  readonly group?: string;
  readonly version?: string;
  readonly plural: string;
  readonly kind: string;
  readonly shortNames?: readonly string[];
  readonly namespaced?: boolean;
  readonly schema: JsonObject;
  readonly columns?: readonly Column[];
  /** The kind's table has no Age column. */
  readonly withoutAge?: boolean;
  readonly rules?: KindRules;
  readonly selectable?: Readonly<Record<string, FieldReader>>;
  readonly hasStatus?: boolean;
  readonly hasGeneration?: boolean;
  readonly createOnUpdate?: boolean;
  readonly unconditionalUpdate?: boolean;
  readonly subresources?: Kind['subresources'];
}

export function coreKind(init: CoreInit): Kind {
  const version = init.version ?? 'v1';
  return {
    group: init.group ?? '',
    plural: init.plural,
    singular: init.kind.toLowerCase(),
    kind: init.kind,
    listKind: `${init.kind}List`,
    shortNames: init.shortNames ?? [],
    categories: [],
    namespaced: init.namespaced ?? true,
    versions: [
      {
        name: version,
        schema: compileSchema(withObjectMembers(init.schema), init.kind),
        columns: [nameColumn, ...(init.columns ?? []), ...(init.withoutAge === true ? [] : [ageColumn])],
        hasStatus: init.hasStatus ?? false,
        deprecation: undefined,
        selectable: new Map(Object.entries(init.selectable ?? {})),
      },
    ],
    storageVersion: version,
    custom: false,
    hasGeneration: init.hasGeneration ?? false,
    createOnUpdate: init.createOnUpdate ?? false,
    unconditionalUpdate: init.unconditionalUpdate ?? true,
    subresources: init.subresources ?? [],
    rules: init.rules ?? {},
  };
}
