/**
 * ValidatingWebhookConfigurations: stored here, obeyed by `admission.ts`.
 */
import type { Json, JsonObject } from '../json.ts';
import { compact, equalJson, isObject, listAt } from '../json.ts';
import { required } from '../field-errors.ts';
import type { FieldError } from '../status.ts';
import { notImplemented } from '../status.ts';
import { coreKind } from './core-kind.ts';

const text: JsonObject = { type: 'string' };
const texts: JsonObject = { type: 'array', items: text };
const selector: JsonObject = {
  type: 'object',
  'x-kubernetes-preserve-unknown-fields': true,
  'x-kubernetes-map-type': 'atomic',
};

const WEBHOOK: JsonObject = {
  type: 'object',
  properties: {
    name: text,
    clientConfig: {
      type: 'object',
      'x-sandbox-struct': true,
      properties: {
        url: text,
        caBundle: text,
        service: { type: 'object', properties: { namespace: text, name: text, path: text, port: { type: 'integer' } } },
      },
    },
    rules: {
      type: 'array',
      items: {
        type: 'object',
        properties: { operations: texts, apiGroups: texts, apiVersions: texts, resources: texts, scope: text },
      },
    },
    failurePolicy: text,
    matchPolicy: text,
    namespaceSelector: selector,
    objectSelector: selector,
    sideEffects: text,
    timeoutSeconds: { type: 'integer' },
    admissionReviewVersions: texts,
    matchConditions: {
      type: 'array',
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-list-map-keys': ['name'],
      items: { type: 'object', properties: { name: text, expression: text } },
    },
  },
};

function withDefaults(webhook: Json): Json {
  if (!isObject(webhook)) return webhook;
  if (listAt(webhook, 'matchConditions').length > 0) throw notImplemented('matchConditions of webhooks');
  const rules = listAt(webhook, 'rules').map((rule) => (isObject(rule) ? { scope: '*', ...rule } : rule));
  const service = webhook['clientConfig'];
  return compact({
    failurePolicy: 'Fail',
    matchPolicy: 'Equivalent',
    namespaceSelector: {},
    objectSelector: {},
    timeoutSeconds: 10,
    ...webhook,
    rules: webhook['rules'] === undefined ? undefined : rules,
    clientConfig:
      isObject(service) && isObject(service['service'])
        ? { ...service, service: { port: 443, ...service['service'] } }
        : service,
  });
}

function validateWebhook(webhook: Json, index: number): FieldError[] {
  if (!isObject(webhook)) return [];
  const errors = [];
  if (webhook['sideEffects'] === undefined)
    errors.push(required(`webhooks[${index}].sideEffects`, 'must specify one of None, NoneOnDryRun'));
  if (listAt(webhook, 'admissionReviewVersions').length === 0)
    errors.push(required(`webhooks[${index}].admissionReviewVersions`, 'must specify one of v1, v1beta1'));
  return errors;
}

export const validatingWebhookConfigurations = coreKind({
  group: 'admissionregistration.k8s.io',
  plural: 'validatingwebhookconfigurations',
  kind: 'ValidatingWebhookConfiguration',
  namespaced: false,
  hasGeneration: true,
  unconditionalUpdate: false,
  schema: {
    type: 'object',
    properties: {
      webhooks: {
        type: 'array',
        'x-kubernetes-list-type': 'map',
        'x-kubernetes-list-map-keys': ['name'],
        items: WEBHOOK,
      },
    },
  },
  columns: [{ name: 'Webhooks', type: 'integer', priority: 0, cell: (item) => listAt(item, 'webhooks').length }],
  rules: {
    decode: (object) =>
      equalJson(object['webhooks'], undefined)
        ? object
        : { ...object, webhooks: listAt(object, 'webhooks').map(withDefaults) },
    validate: (object) => listAt(object, 'webhooks').flatMap(validateWebhook),
  },
});
