/**
 * The schema of `metadata`, the same for every kind: which members exist, and which of its lists are sets or maps.
 */
import type { JsonObject } from '../json.ts';

const text: JsonObject = { type: 'string' };
const texts: JsonObject = { type: 'object', additionalProperties: text };

export const METADATA_SCHEMA: JsonObject = {
  type: 'object',
  properties: {
    name: text,
    generateName: text,
    namespace: text,
    selfLink: text,
    uid: text,
    resourceVersion: text,
    generation: { type: 'integer' },
    creationTimestamp: { type: 'string', nullable: true },
    deletionTimestamp: { type: 'string', nullable: true },
    deletionGracePeriodSeconds: { type: 'integer' },
    labels: texts,
    annotations: texts,
    finalizers: { type: 'array', items: text, 'x-kubernetes-list-type': 'set' },
    ownerReferences: {
      type: 'array',
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-list-map-keys': ['uid'],
      items: {
        type: 'object',
        'x-kubernetes-map-type': 'atomic',
        properties: {
          apiVersion: text,
          kind: text,
          name: text,
          uid: text,
          controller: { type: 'boolean' },
          blockOwnerDeletion: { type: 'boolean' },
        },
      },
    },
    managedFields: { type: 'array', items: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } },
  },
};

/** A root schema with the members every object has put in. */
export function withObjectMembers(root: JsonObject): JsonObject {
  const properties = (root['properties'] ?? {}) as JsonObject;
  return {
    ...root,
    type: 'object',
    properties: { ...properties, apiVersion: text, kind: text, metadata: METADATA_SCHEMA },
  };
}
