/**
 * The built-in kinds of the sandbox, each with as much schema as pruning and field ownership need.
 */
import { invalidValue } from '../field-errors.ts';
import { listAt, objectAt, textAt, withValueAt } from '../json.ts';
import type { JsonObject } from '../json.ts';
import type { FieldReader } from '../selectors.ts';
import { notImplemented } from '../status.ts';
import { ageText } from './columns.ts';
import { coreKind } from './core-kind.ts';
import { customResourceDefinitions } from './custom-resource-definition.ts';
import type { Column, Kind } from './kind.ts';
import { secretRules, configMapRules } from './secrets.ts';
import { validatingWebhookConfigurations } from './webhook-configuration.ts';

const text: JsonObject = { type: 'string' };
const flag: JsonObject = { type: 'boolean' };
const whole: JsonObject = { type: 'integer' };
const texts: JsonObject = { type: 'object', additionalProperties: text };
const object = (properties: JsonObject, more: JsonObject = {}): JsonObject => ({ type: 'object', properties, ...more });
/** A Go struct that is no pointer: it is always there, so nobody owns its presence. */
const struct = (properties: JsonObject): JsonObject => object(properties, { 'x-sandbox-struct': true });
const bytes: JsonObject = {
  type: 'object',
  additionalProperties: { type: 'string', format: 'go-bytes', nullable: true },
};
const nullableTexts: JsonObject = { type: 'object', additionalProperties: { type: 'string', nullable: true } };

function column(name: string, type: string, cell: Column['cell']): Column {
  return { name, type, priority: 0, cell };
}

function countOf(...members: readonly string[]): Column['cell'] {
  return (item) => members.reduce((sum, member) => sum + Object.keys(objectAt(item, member)).length, 0);
}

const NAME_LABEL = 'kubernetes.io/metadata.name';

const namespaces = coreKind({
  plural: 'namespaces',
  kind: 'Namespace',
  shortNames: ['ns'],
  namespaced: false,
  hasStatus: true,
  schema: object({
    spec: struct({ finalizers: { type: 'array', items: text } }),
    status: struct({
      phase: text,
      conditions: {
        type: 'array',
        'x-kubernetes-list-type': 'map',
        'x-kubernetes-list-map-keys': ['type'],
        items: object({ type: text, status: text, reason: text, message: text, lastTransitionTime: text }),
      },
    }),
  }),
  columns: [column('Status', 'string', (item) => textAt(item, 'status', 'phase') ?? '')],
  subresources: [{ name: 'finalize', kind: 'Namespace', verbs: ['update'] }],
  selectable: { 'status.phase': (item) => textAt(item, 'status', 'phase') ?? '' },
  rules: {
    decode: (item) => {
      const name = textAt(item, 'metadata', 'name');
      return name === undefined ? item : withValueAt(item, ['metadata', 'labels', NAME_LABEL], name);
    },
    prepareCreate: (item) => {
      const name = textAt(item, 'metadata', 'name') ?? '';
      const labelled = withValueAt(item, ['metadata', 'labels', NAME_LABEL], name);
      const finalizers = [...new Set([...listAt(item, 'spec', 'finalizers'), 'kubernetes'])];
      return { ...labelled, spec: { finalizers }, status: { phase: 'Active' } };
    },
    prepareUpdate: (item, old) => ({
      ...withValueAt(item, ['metadata', 'labels', NAME_LABEL], textAt(old, 'metadata', 'name')),
      spec: { ...objectAt(item, 'spec'), finalizers: listAt(old, 'spec', 'finalizers') },
    }),
  },
});

const secrets = coreKind({
  plural: 'secrets',
  kind: 'Secret',
  schema: object({ data: bytes, stringData: nullableTexts, type: text, immutable: flag }),
  columns: [column('Type', 'string', (item) => textAt(item, 'type') ?? ''), column('Data', 'string', countOf('data'))],
  selectable: { type: (item) => textAt(item, 'type') ?? '' },
  rules: secretRules,
});

const configMaps = coreKind({
  plural: 'configmaps',
  kind: 'ConfigMap',
  shortNames: ['cm'],
  schema: object({ data: texts, binaryData: bytes, immutable: flag }),
  columns: [column('Data', 'string', countOf('data', 'binaryData'))],
  rules: configMapRules,
});

const objectReference = object(
  { apiVersion: text, kind: text, name: text, namespace: text, uid: text, resourceVersion: text, fieldPath: text },
  { 'x-kubernetes-map-type': 'atomic' },
);

const serviceAccounts = coreKind({
  plural: 'serviceaccounts',
  kind: 'ServiceAccount',
  shortNames: ['sa'],
  schema: object({
    secrets: {
      type: 'array',
      items: objectReference,
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-list-map-keys': ['name'],
    },
    imagePullSecrets: { type: 'array', items: object({ name: text }) },
    automountServiceAccountToken: flag,
  }),
  subresources: [{ name: 'token', kind: 'TokenRequest', verbs: ['create'] }],
});

const eventSource = struct({ component: text, host: text });

const events = coreKind({
  plural: 'events',
  kind: 'Event',
  withoutAge: true,
  shortNames: ['ev'],
  createOnUpdate: true,
  schema: object({
    involvedObject: objectReference,
    reason: text,
    message: text,
    source: eventSource,
    firstTimestamp: { type: 'string', nullable: true },
    lastTimestamp: { type: 'string', nullable: true },
    count: whole,
    type: text,
    eventTime: { type: 'string', nullable: true },
    series: object({ count: whole, lastObservedTime: text }),
    action: text,
    related: objectReference,
    reportingComponent: text,
    reportingInstance: text,
  }),
  columns: [
    column('Last Seen', 'string', (item, now) =>
      ageText(textAt(item, 'lastTimestamp') ?? textAt(item, 'eventTime'), now),
    ),
    column('Type', 'string', (item) => textAt(item, 'type') ?? ''),
    column('Reason', 'string', (item) => textAt(item, 'reason') ?? ''),
    column('Object', 'string', (item) => {
      const about = objectAt(item, 'involvedObject');
      return `${(textAt(about, 'kind') ?? '').toLowerCase()}/${textAt(about, 'name') ?? ''}`;
    }),
    column('Message', 'string', (item) => (textAt(item, 'message') ?? '').trim()),
  ],
  selectable: eventFields(),
  rules: {
    prepareCreate: (item) => ({ eventTime: null, reportingComponent: '', reportingInstance: '', ...item }),
    validate: (item) => {
      const own = textAt(item, 'metadata', 'namespace');
      const about = textAt(item, 'involvedObject', 'namespace') ?? '';
      if (about === own || (about === '' && own === 'default')) return [];
      return [invalidValue('involvedObject.namespace', about, 'does not match event.namespace')];
    },
  },
});

function eventFields(): Record<string, FieldReader> {
  const reader =
    (...path: readonly string[]): FieldReader =>
    (item) =>
      textAt(item, ...path) ?? '';
  const about = ['kind', 'namespace', 'name', 'uid', 'apiVersion', 'resourceVersion', 'fieldPath'].map(
    (field) => [`involvedObject.${field}`, reader('involvedObject', field)] as const,
  );
  return Object.fromEntries([
    ...about,
    ['reason', reader('reason')],
    ['type', reader('type')],
    ['source', reader('source', 'component')],
    ['reportingComponent', reader('reportingComponent')],
  ]);
}

const leases = coreKind({
  group: 'coordination.k8s.io',
  plural: 'leases',
  kind: 'Lease',
  createOnUpdate: true,
  unconditionalUpdate: false,
  schema: object({
    spec: struct({
      holderIdentity: text,
      leaseDurationSeconds: whole,
      acquireTime: text,
      renewTime: text,
      leaseTransitions: whole,
      strategy: text,
      preferredHolder: text,
    }),
  }),
  columns: [column('Holder', 'string', (item) => textAt(item, 'spec', 'holderIdentity') ?? '')],
});

/** Only what a webhook's client looks at: `admission.ts` follows an ExternalName. */
const services = coreKind({
  plural: 'services',
  kind: 'Service',
  shortNames: ['svc'],
  schema: object({
    spec: struct({
      type: text,
      externalName: text,
      selector: texts,
      ports: { type: 'array', items: object({ name: text, port: whole, targetPort: whole, protocol: text }) },
    }),
  }),
  columns: [
    column('Type', 'string', (item) => textAt(item, 'spec', 'type') ?? ''),
    column('External-IP', 'string', (item) => textAt(item, 'spec', 'externalName') ?? '<none>'),
  ],
});

/** Nobody here makes them: tests do. */
const endpointSlices = coreKind({
  group: 'discovery.k8s.io',
  plural: 'endpointslices',
  kind: 'EndpointSlice',
  schema: object({
    addressType: text,
    endpoints: {
      type: 'array',
      items: object({
        addresses: { type: 'array', items: text },
        conditions: struct({ ready: flag, serving: flag, terminating: flag }),
      }),
    },
    ports: { type: 'array', items: object({ name: text, port: whole, protocol: text }) },
  }),
  columns: [column('AddressType', 'string', (item) => textAt(item, 'addressType') ?? '')],
});

/**
 * Kinds that are only ever empty: `kubectl describe namespace` finds what it looks for, and `external-secrets doctor` and `migrate` that
 * no operator is deployed.
 */
function emptyKind(plural: string, kind: string, group = ''): Kind {
  const decode = (): never => {
    throw notImplemented(`writing ${plural}`);
  };
  return coreKind({ group, plural, kind, schema: object({}), rules: { decode } });
}

export const CORE_KINDS: readonly Kind[] = [
  namespaces,
  secrets,
  configMaps,
  serviceAccounts,
  events,
  emptyKind('resourcequotas', 'ResourceQuota'),
  emptyKind('limitranges', 'LimitRange'),
  emptyKind('deployments', 'Deployment', 'apps'),
  leases,
  services,
  endpointSlices,
  validatingWebhookConfigurations,
  customResourceDefinitions,
];
