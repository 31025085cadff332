/**
 * A CustomResourceDefinition that uses everything schemas can say; only for tests and for the comparison with a real
 * API server.
 */
import type { JsonObject } from '../json.ts';

const text: JsonObject = { type: 'string' };

const spec: JsonObject = {
  type: 'object',
  required: ['size'],
  'x-kubernetes-validations': [
    { rule: '!has(self.max) || self.size <= self.max', message: 'size may not be above max' },
    {
      rule: 'self.size != 13',
      messageExpression: '"this size " + "is unlucky"',
      fieldPath: '.size',
      reason: 'FieldValueForbidden',
    },
  ],
  properties: {
    size: { type: 'integer', minimum: 1, maximum: 100 },
    max: { type: 'integer', format: 'int32' },
    ratio: { type: 'number', minimum: 0, exclusiveMinimum: true },
    color: { type: 'string', enum: ['red', 'green'], default: 'red' },
    name: { type: 'string', pattern: '^[a-z]+$', minLength: 2, maxLength: 5 },
    bytes: { type: 'string', format: 'byte' },
    when: { type: 'string', format: 'date-time' },
    port: { 'x-kubernetes-int-or-string': true },
    free: { 'x-kubernetes-preserve-unknown-fields': true },
    open: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true, properties: { known: text } },
    labels: { type: 'object', additionalProperties: text, maxProperties: 2 },
    fixed: { type: 'string', 'x-kubernetes-validations': [{ rule: 'self == oldSelf', message: 'fixed is immutable' }] },
    maybe: { type: 'string', nullable: true },
    nested: {
      type: 'object',
      default: {},
      properties: { a: { type: 'string', default: 'x' }, b: { type: 'boolean' } },
    },
    exactlyOne: { type: 'object', minProperties: 1, maxProperties: 1, properties: { a: text, b: text } },
    items: {
      type: 'array',
      minItems: 1,
      maxItems: 3,
      items: { type: 'object', required: ['key'], properties: { key: text, value: { type: 'string', default: 'v' } } },
    },
    tags: { type: 'array', items: text, 'x-kubernetes-list-type': 'set' },
    ports: {
      type: 'array',
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-list-map-keys': ['name'],
      items: { type: 'object', required: ['name'], properties: { name: text, port: { type: 'integer' } } },
    },
    either: { type: 'object', anyOf: [{ required: ['a'] }, { required: ['b'] }], properties: { a: text, b: text } },
    one: { type: 'object', oneOf: [{ required: ['a'] }, { required: ['b'] }], properties: { a: text, b: text } },
    both: { type: 'object', allOf: [{ required: ['a'] }, { required: ['b'] }], properties: { a: text, b: text } },
    not: { type: 'object', not: { required: ['a'] }, properties: { a: text, b: text } },
    whole: { type: 'object', 'x-kubernetes-map-type': 'atomic', properties: { a: text, b: text } },
  },
};

const status: JsonObject = {
  type: 'object',
  properties: {
    phase: text,
    conditions: {
      type: 'array',
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-list-map-keys': ['type'],
      items: { type: 'object', required: ['type', 'status'], properties: { type: text, status: text, reason: text } },
    },
  },
};

const version = {
  served: true,
  selectableFields: [{ jsonPath: '.spec.color' }],
  schema: { openAPIV3Schema: { type: 'object', properties: { spec, status } } },
  subresources: { status: {} },
};

export const widgetDefinition: JsonObject = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: 'widgets.parity.example.com' },
  spec: {
    group: 'parity.example.com',
    scope: 'Namespaced',
    names: {
      plural: 'widgets',
      singular: 'widget',
      kind: 'Widget',
      listKind: 'WidgetList',
      shortNames: ['wd'],
      categories: ['parity'],
    },
    versions: [
      {
        ...version,
        name: 'v1',
        storage: true,
        additionalPrinterColumns: [
          { name: 'Size', type: 'integer', jsonPath: '.spec.size' },
          { name: 'Ready', type: 'string', jsonPath: '.status.conditions[?(@.type=="Ready")].status' },
          { name: 'Missing', type: 'string', jsonPath: '.spec.name' },
        ],
      },
      { ...version, name: 'v1beta1', storage: false, deprecated: true },
    ],
  },
};
