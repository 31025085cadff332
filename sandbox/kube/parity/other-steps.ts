/**
 * Everything else: many managers, tokens and reviews, leases, events, definitions, namespaces.
 */
import type { Step } from './step.ts';
import { MERGE, ns, secrets, secret } from './step.ts';

export const manyManagers: readonly Step[] = [
  {
    name: 'a Secret for many',
    method: 'POST',
    path: `${secrets}?fieldManager=m00`,
    body: secret('many', { data: { k0: '' } }),
  },
  ...Array.from({ length: 12 }, (_, index): Step => ({
    name: `manager ${index + 1} of many`,
    method: 'PATCH',
    path: `${secrets}/many?fieldManager=m${String(index + 1).padStart(2, '0')}`,
    contentType: MERGE,
    body: { data: { [`k${index + 1}`]: '' } },
  })),
];

const definitions = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
export const definitionSteps: readonly Step[] = [
  {
    racy: true,
    name: 'label a definition',
    method: 'PATCH',
    path: `${definitions}/widgets.parity.example.com?fieldManager=labeller`,
    contentType: MERGE,
    body: { metadata: { labels: { a: '1' } } },
  },
  {
    name: 'definition of a wrong name',
    method: 'POST',
    path: `${definitions}?dryRun=All`,
    body: {
      apiVersion: 'apiextensions.k8s.io/v1',
      kind: 'CustomResourceDefinition',
      metadata: { name: 'x.y' },
      spec: {
        group: 'parity.example.com',
        scope: 'Cluster',
        names: { plural: 'gadgets', kind: 'Gadget' },
        versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object' } } }],
      },
    },
  },
  {
    name: 'new definition',
    method: 'POST',
    path: `${definitions}?dryRun=All&fieldManager=x`,
    body: {
      apiVersion: 'apiextensions.k8s.io/v1',
      kind: 'CustomResourceDefinition',
      metadata: { name: 'gadgets.parity.example.com' },
      spec: {
        group: 'parity.example.com',
        scope: 'Cluster',
        names: { plural: 'gadgets', kind: 'Gadget' },
        versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object' } } }],
      },
    },
  },
];

export const otherSteps: readonly Step[] = [
  {
    name: 'token',
    method: 'POST',
    path: `${ns}/serviceaccounts/default/token`,
    body: { spec: { audiences: ['a', 'b'], expirationSeconds: 600 } },
    until: 201,
  },
  {
    name: 'token, too short',
    method: 'POST',
    path: `${ns}/serviceaccounts/default/token`,
    body: { spec: { expirationSeconds: 10 } },
  },
  { name: 'token for nobody', method: 'POST', path: `${ns}/serviceaccounts/nobody/token`, body: { spec: {} } },
  {
    name: 'token review, bad token',
    method: 'POST',
    path: '/apis/authentication.k8s.io/v1/tokenreviews',
    body: { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenReview', spec: { token: 'x' } },
  },
  {
    name: 'self access review',
    method: 'POST',
    path: '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews',
    body: {
      apiVersion: 'authorization.k8s.io/v1',
      kind: 'SelfSubjectAccessReview',
      spec: { resourceAttributes: { verb: 'get', resource: 'secrets' } },
    },
  },
  {
    name: 'lease without version',
    method: 'POST',
    path: '/apis/coordination.k8s.io/v1/namespaces/{ns}/leases?fieldManager=x',
    body: {
      metadata: { name: 'l' },
      spec: { holderIdentity: 'a', leaseDurationSeconds: 15, renewTime: '2026-01-01T00:00:00.000000Z' },
    },
  },
  {
    name: 'lease update without version',
    method: 'PUT',
    path: '/apis/coordination.k8s.io/v1/namespaces/{ns}/leases/l',
    body: { metadata: { name: 'l' }, spec: { holderIdentity: 'b' } },
  },
  {
    name: 'lease update',
    method: 'PATCH',
    path: '/apis/coordination.k8s.io/v1/namespaces/{ns}/leases/l?fieldManager=y',
    contentType: MERGE,
    body: { spec: { holderIdentity: 'b' } },
  },
  {
    name: 'lease by PUT',
    method: 'PUT',
    path: '/apis/coordination.k8s.io/v1/namespaces/{ns}/leases/m?fieldManager=x',
    body: { metadata: { name: 'm' }, spec: { holderIdentity: 'a' } },
  },
  {
    name: 'event',
    method: 'POST',
    path: `${ns}/events?fieldManager=x`,
    body: {
      metadata: { name: 'e' },
      involvedObject: { kind: 'Secret', namespace: '{ns}', name: 's' },
      reason: 'Why',
      message: 'because',
      type: 'Normal',
      source: { component: 'c' },
      count: 1,
      firstTimestamp: '2026-01-01T00:00:00Z',
      lastTimestamp: '2026-01-01T00:00:00Z',
    },
  },
  {
    name: 'event in another namespace',
    method: 'POST',
    path: `${ns}/events`,
    body: {
      metadata: { name: 'f' },
      involvedObject: { kind: 'Secret', namespace: 'default', name: 's' },
      reason: 'Why',
      type: 'Normal',
    },
  },
  {
    name: 'service account',
    method: 'POST',
    path: `${ns}/serviceaccounts?fieldManager=x`,
    body: {
      metadata: { name: 'robot', annotations: { a: 'b' } },
      secrets: [{ name: 's' }],
      imagePullSecrets: [{ name: 'p' }],
    },
  },
  {
    name: 'service account, replace',
    method: 'PUT',
    path: `${ns}/serviceaccounts/robot?fieldManager=y`,
    body: { metadata: { name: 'robot' }, automountServiceAccountToken: false },
  },
  { name: 'default namespace may stay', method: 'DELETE', path: '/api/v1/namespaces/default' },
  { name: 'bad namespace name', method: 'POST', path: '/api/v1/namespaces', body: { metadata: { name: 'a.b' } } },
  {
    name: 'patch the namespace',
    method: 'PATCH',
    path: ns,
    contentType: MERGE,
    body: { metadata: { labels: { a: 'b' } } },
  },
  { name: 'unknown group', method: 'GET', path: '/apis/none.example.com/v1/things' },
  { name: 'unknown resource of a known group', method: 'GET', path: '/apis/parity.example.com/v1/things' },
  { name: 'unknown subresource', method: 'GET', path: `${secrets}/x/status` },
  { name: 'unknown path', method: 'GET', path: '/nothing' },
  { name: 'bad method', method: 'POST', path: `${secrets}/x`, body: {} },
  {
    name: 'cluster kind in a namespace',
    method: 'GET',
    path: '/apis/apiextensions.k8s.io/v1/namespaces/{ns}/customresourcedefinitions',
  },
  { name: 'old watch', method: 'GET', path: `${secrets}?watch=true&resourceVersion=1&timeoutSeconds=1` },
  {
    name: 'something that holds the namespace',
    method: 'POST',
    path: secrets,
    body: secret('held', { metadata: { name: 'held', finalizers: ['example.com/f'] } }),
  },
  { name: 'delete the namespace', method: 'DELETE', path: ns },
  { name: 'nothing new in it', method: 'POST', path: secrets, body: secret('late') },
  {
    racy: true,
    name: 'let it go',
    method: 'PATCH',
    path: `${secrets}/held`,
    contentType: MERGE,
    body: { metadata: { finalizers: null } },
  },
  { name: 'the namespace is gone', method: 'GET', path: ns, until: 404 },
];
