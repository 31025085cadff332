/**
 * CustomResourceDefinitions as objects. What they define is made in `custom.ts`; a definition is accepted, and its
 * conditions say so, as soon as it is stored.
 */
import { invalidValue, required } from '../field-errors.ts';
import type { Json, JsonObject } from '../json.ts';
import { compact, isObject, listAt, objectAt, textAt, withMember } from '../json.ts';
import type { FieldError } from '../status.ts';
import { coreKind } from './core-kind.ts';

const open: JsonObject = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true };
const text: JsonObject = { type: 'string' };
const texts: JsonObject = { type: 'array', items: text };
const atomic: JsonObject = { ...open, 'x-kubernetes-map-type': 'atomic' };

const NAMES: JsonObject = {
  type: 'object',
  'x-sandbox-struct': true,
  properties: { plural: text, singular: text, kind: text, listKind: text, shortNames: texts, categories: texts },
};

const VERSION: JsonObject = {
  type: 'object',
  properties: {
    name: text,
    served: { type: 'boolean' },
    storage: { type: 'boolean' },
    deprecated: { type: 'boolean' },
    deprecationWarning: text,
    schema: { type: 'object', properties: { openAPIV3Schema: open } },
    subresources: { type: 'object', properties: { status: atomic, scale: atomic } },
    additionalPrinterColumns: { type: 'array', items: open },
    selectableFields: { type: 'array', items: open },
  },
};

const SCHEMA: JsonObject = {
  type: 'object',
  properties: {
    spec: {
      type: 'object',
      'x-sandbox-struct': true,
      properties: {
        group: text,
        names: NAMES,
        scope: text,
        versions: { type: 'array', items: VERSION },
        conversion: open,
        preserveUnknownFields: { type: 'boolean' },
      },
    },
    status: {
      type: 'object',
      'x-sandbox-struct': true,
      properties: {
        acceptedNames: NAMES,
        storedVersions: texts,
        observedGeneration: { type: 'integer' },
        conditions: {
          type: 'array',
          items: open,
          'x-kubernetes-list-type': 'map',
          'x-kubernetes-list-map-keys': ['type'],
        },
      },
    },
  },
};

function withDefaults(definition: JsonObject): JsonObject {
  const spec = objectAt(definition, 'spec');
  const names = objectAt(spec, 'names');
  const kind = textAt(names, 'kind') ?? '';
  const filled = {
    ...names,
    singular: textAt(names, 'singular') ?? kind.toLowerCase(),
    listKind: textAt(names, 'listKind') ?? `${kind}List`,
  };
  return { ...definition, spec: { conversion: { strategy: 'None' }, ...spec, names: filled } };
}

function validate(definition: JsonObject): FieldError[] {
  const spec = objectAt(definition, 'spec');
  const name = `${textAt(spec, 'names', 'plural') ?? ''}.${textAt(spec, 'group') ?? ''}`;
  const errors: FieldError[] = [];
  if (textAt(definition, 'metadata', 'name') !== name)
    errors.push(
      invalidValue(
        'metadata.name',
        textAt(definition, 'metadata', 'name') ?? '',
        `must be spec.names.plural+"."+spec.group`,
      ),
    );
  const versions = listAt(spec, 'versions');
  if (versions.filter((version) => isObject(version) && version['storage'] === true).length !== 1)
    errors.push(invalidValue('spec.versions', versions, 'must have exactly one version marked as storage version'));
  versions.forEach((version, index) => {
    if (Object.keys(objectAt(version, 'schema', 'openAPIV3Schema')).length === 0)
      errors.push(required(`spec.versions[${index}].schema.openAPIV3Schema`, 'schemas are required'));
  });
  return errors;
}

function storageVersion(definition: JsonObject): string {
  const versions = listAt(definition, 'spec', 'versions');
  return (
    textAt(
      versions.find((version) => isObject(version) && version['storage'] === true),
      'name',
    ) ?? ''
  );
}

/** The definition with the status of one that was accepted at `now` (RFC 3339). */
export function accepted(definition: JsonObject, now: string): JsonObject {
  const condition = (type: string, reason: string, message: string): Json => ({
    type,
    status: 'True',
    lastTransitionTime: now,
    reason,
    message,
  });
  const stored = listAt(definition, 'status', 'storedVersions');
  const version = storageVersion(definition);
  return withMember(definition, 'status', {
    ...objectAt(definition, 'status'),
    conditions: [
      condition('NamesAccepted', 'NoConflicts', 'no conflicts found'),
      condition('Established', 'InitialNamesAccepted', 'the initial names have been accepted'),
    ],
    acceptedNames: objectAt(definition, 'spec', 'names'),
    storedVersions: stored.includes(version) ? stored : [...stored, version],
  });
}

/** Put on a definition when it is deleted: it goes after its objects. */
export const CLEANUP = 'customresourcecleanup.apiextensions.k8s.io';

export const customResourceDefinitions = coreKind({
  group: 'apiextensions.k8s.io',
  plural: 'customresourcedefinitions',
  kind: 'CustomResourceDefinition',
  shortNames: ['crd', 'crds'],
  withoutAge: true,
  namespaced: false,
  hasGeneration: true,
  hasStatus: true,
  unconditionalUpdate: false,
  schema: SCHEMA,
  columns: [
    {
      name: 'Created At',
      type: 'date',
      priority: 0,
      cell: (item) => textAt(item, 'metadata', 'creationTimestamp') ?? '',
    },
  ],
  rules: {
    decode: (object) => withDefaults(compact(object)),
    prepareCreate: (object) => {
      const status = {
        conditions: null,
        acceptedNames: { plural: '', kind: '' },
        storedVersions: [storageVersion(object)],
      };
      return withMember(object, 'status', status);
    },
    validate,
  },
});
