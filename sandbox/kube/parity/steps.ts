/**
 * The table of requests that are put to the sandbox and to a real API server alike. Steps run in order, against one
 * namespace of their own; answers are compared after what differs by nature (UIDs, versions, times) is masked.
 */
import type { Json } from '../json.ts';

export interface Step {
  readonly name: string;
  readonly method: string;
  /** `{ns}` stands for the namespace. */
  readonly path: string;
  readonly body?: Json;
  /** Default: `application/json`. */
  readonly contentType?: string;
  readonly accept?: string;
  /** Body built from the last answer to a request that returned an object. */
  readonly change?: (object: Record<string, Json>) => Json;
  readonly userAgent?: string;
  /** The answer comes when something in the background has happened: asked until it has this status. */
  readonly until?: number;
  /** Something in the background may or may not have happened by now: only the status is compared. */
  readonly racy?: boolean;
}

const MERGE = 'application/merge-patch+json';
const JSON_PATCH = 'application/json-patch+json';
const STRATEGIC = 'application/strategic-merge-patch+json';
const APPLY = 'application/apply-patch+yaml';

const ns = '/api/v1/namespaces/{ns}';
const secrets = `${ns}/secrets`;
const widgets = '/apis/parity.example.com/v1/namespaces/{ns}/widgets';
const b64 = (text: string): string => Buffer.from(text).toString('base64');
const secret = (name: string, more: Record<string, Json> = {}): Json => ({
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { name },
  ...more,
});
const widget = (name: string, spec: Json, more: Record<string, Json> = {}): Json => ({
  apiVersion: 'parity.example.com/v1',
  kind: 'Widget',
  metadata: { name },
  spec,
  ...more,
});

/** A creation of a Widget that is expected to fail or be changed by its schema. */
const bad = (name: string, spec: Json, query = ''): Step => ({
  name,
  method: 'POST',
  path: `${widgets}${query}`,
  body: widget(name.toLowerCase().replaceAll(/[^a-z]+/g, '-'), spec),
});

const ownerTo = (owner: Record<string, Json>, controller: boolean): Record<string, Json> => {
  const { name, uid } = owner['metadata'] as { name: string; uid: string };
  return { apiVersion: 'v1', kind: 'ConfigMap', name, uid, controller };
};

const secretSteps: readonly Step[] = [
  {
    name: 'create a Secret with stringData',
    method: 'POST',
    path: `${secrets}?fieldManager=one`,
    body: secret('s', { data: { a: b64('1') }, stringData: { b: '2' } }),
  },
  { name: 'create it again', method: 'POST', path: secrets, body: secret('s') },
  { name: 'get it', method: 'GET', path: `${secrets}/s` },
  { name: 'get another', method: 'GET', path: `${secrets}/nope` },
  {
    name: 'second manager adds a key',
    method: 'PUT',
    path: `${secrets}/s?fieldManager=two`,
    change: (o) => ({ ...o, data: { ...(o['data'] as object), c: b64('3') } }),
  },
  {
    name: 'second manager changes the first one’s key',
    method: 'PUT',
    path: `${secrets}/s?fieldManager=two`,
    change: (o) => ({ ...o, data: { ...(o['data'] as object), a: b64('9') } }),
  },
  { name: 'an update that changes nothing', method: 'PUT', path: `${secrets}/s?fieldManager=three`, change: (o) => o },
  {
    name: 'third manager by user agent adds labels and annotations',
    method: 'PATCH',
    path: `${secrets}/s`,
    contentType: MERGE,
    userAgent: 'agent/1.0 (x)',
    body: { metadata: { labels: { l: '1' }, annotations: { x: 'y', 'example.com/z': '' } } },
  },
  {
    name: 'first manager removes a key',
    method: 'PATCH',
    path: `${secrets}/s?fieldManager=one`,
    contentType: MERGE,
    body: { data: { b: null, d: b64('d') } },
  },
  {
    name: 'json patch',
    method: 'PATCH',
    path: `${secrets}/s?fieldManager=one`,
    contentType: JSON_PATCH,
    body: [
      { op: 'test', path: '/data/d', value: b64('d') },
      { op: 'add', path: '/metadata/labels/m', value: '2' },
      { op: 'remove', path: '/metadata/annotations/x' },
    ],
  },
  {
    name: 'json patch, failing test',
    method: 'PATCH',
    path: `${secrets}/s`,
    contentType: JSON_PATCH,
    body: [{ op: 'test', path: '/data/d', value: 'no' }],
  },
  {
    name: 'json patch, missing member',
    method: 'PATCH',
    path: `${secrets}/s`,
    contentType: JSON_PATCH,
    body: [{ op: 'remove', path: '/data/nope' }],
  },
  {
    name: 'strategic merge patch',
    method: 'PATCH',
    path: `${secrets}/s?fieldManager=four`,
    contentType: STRATEGIC,
    body: { stringData: { e: 'e' }, metadata: { finalizers: ['example.com/f'] } },
  },
  { name: 'an owner', method: 'POST', path: `${ns}/configmaps`, body: { metadata: { name: 'owner' } } },
  {
    name: 'strategic merge patch adds an owner',
    method: 'PATCH',
    path: `${secrets}/s?fieldManager=four`,
    contentType: STRATEGIC,
    change: (o) => ({ metadata: { ownerReferences: [ownerTo(o, true)] } }),
  },
  { name: 'the owner again', method: 'GET', path: `${ns}/configmaps/owner` },
  {
    name: 'two controllers',
    method: 'PATCH',
    path: `${secrets}/s?fieldManager=four`,
    contentType: JSON_PATCH,
    change: (o) => [{ op: 'add', path: '/metadata/ownerReferences/-', value: { ...ownerTo(o, true), uid: 'other' } }],
  },
  {
    name: 'owners go',
    method: 'PATCH',
    path: `${secrets}/s?fieldManager=four`,
    contentType: MERGE,
    body: { metadata: { ownerReferences: null } },
  },
  {
    name: 'apply takes a conflict',
    method: 'PATCH',
    path: `${secrets}/s?fieldManager=applier`,
    contentType: APPLY,
    body: secret('s', { data: { a: b64('applied'), f: b64('f') } }),
  },
  {
    name: 'apply with force',
    method: 'PATCH',
    path: `${secrets}/s?fieldManager=applier&force=true`,
    contentType: APPLY,
    body: secret('s', {
      data: { a: b64('applied'), f: b64('f') },
      metadata: { name: 's', labels: { applied: 'yes' } },
    }),
  },
  {
    name: 'apply the same again',
    method: 'PATCH',
    path: `${secrets}/s?fieldManager=applier&force=true`,
    contentType: APPLY,
    body: secret('s', {
      data: { a: b64('applied'), f: b64('f') },
      metadata: { name: 's', labels: { applied: 'yes' } },
    }),
  },
  {
    name: 'apply drops a key',
    method: 'PATCH',
    path: `${secrets}/s?fieldManager=applier`,
    contentType: APPLY,
    body: secret('s', { data: { f: b64('g') } }),
  },
  {
    name: 'apply creates',
    method: 'PATCH',
    path: `${secrets}/applied?fieldManager=applier`,
    contentType: APPLY,
    body: secret('applied', { data: { f: b64('g') } }),
  },
  {
    name: 'apply without a manager',
    method: 'PATCH',
    path: `${secrets}/applied`,
    contentType: APPLY,
    body: secret('applied', { data: { f: b64('g') } }),
  },
  {
    name: 'several conflicts',
    method: 'PATCH',
    path: `${secrets}/applied?fieldManager=other`,
    contentType: APPLY,
    body: secret('applied', { data: { f: b64('h') }, type: 'x' }),
  },
  {
    name: 'reset managed fields',
    method: 'PATCH',
    path: `${secrets}/s`,
    contentType: MERGE,
    body: { metadata: { managedFields: [{}] } },
  },
  {
    name: 'stale version',
    method: 'PUT',
    path: `${secrets}/s`,
    body: secret('s', { metadata: { name: 's', resourceVersion: '1' } }),
  },
  {
    name: 'another UID',
    method: 'PUT',
    path: `${secrets}/s`,
    body: secret('s', { metadata: { name: 's', uid: 'abc' } }),
  },
  { name: 'another name than the URL', method: 'PUT', path: `${secrets}/s`, body: secret('t') },
  {
    name: 'another namespace than the URL',
    method: 'POST',
    path: secrets,
    body: secret('t', { metadata: { name: 't', namespace: 'default' } }),
  },
  {
    name: 'update without a version',
    method: 'PUT',
    path: `${secrets}/s?fieldManager=put`,
    body: secret('s', { data: { z: b64('z') } }),
  },
  { name: 'update of nothing', method: 'PUT', path: `${secrets}/nope`, body: secret('nope') },
  { name: 'patch of nothing', method: 'PATCH', path: `${secrets}/nope`, contentType: MERGE, body: {} },
  {
    name: 'delete with finalizer',
    method: 'PATCH',
    path: `${secrets}/s`,
    contentType: MERGE,
    body: { metadata: { finalizers: ['example.com/f'] } },
  },
  { name: 'delete, held', method: 'DELETE', path: `${secrets}/s` },
  {
    name: 'no new finalizers now',
    method: 'PATCH',
    path: `${secrets}/s`,
    contentType: MERGE,
    body: { metadata: { finalizers: ['example.com/f', 'example.com/g'] } },
  },
  { name: 'delete again', method: 'DELETE', path: `${secrets}/s` },
  {
    name: 'last finalizer goes',
    method: 'PATCH',
    path: `${secrets}/s`,
    contentType: MERGE,
    body: { metadata: { finalizers: null } },
  },
  { name: 'it is gone', method: 'GET', path: `${secrets}/s` },
  {
    name: 'delete with another UID',
    method: 'DELETE',
    path: `${secrets}/applied`,
    body: { apiVersion: 'v1', kind: 'DeleteOptions', preconditions: { uid: 'abc' } },
  },
  { name: 'delete', method: 'DELETE', path: `${secrets}/applied` },
  { name: 'delete nothing', method: 'DELETE', path: `${secrets}/applied` },
  { name: 'type may not change', method: 'POST', path: secrets, body: secret('typed', { type: 'a/b' }) },
  { name: 'type changes', method: 'PUT', path: `${secrets}/typed`, body: secret('typed', { type: 'c/d' }) },
  { name: 'type left out', method: 'PUT', path: `${secrets}/typed`, body: secret('typed') },
  { name: 'immutable', method: 'POST', path: secrets, body: secret('frozen', { immutable: true, data: { a: '' } }) },
  { name: 'immutable data', method: 'PATCH', path: `${secrets}/frozen`, contentType: MERGE, body: { data: { b: '' } } },
  {
    name: 'immutable flag',
    method: 'PATCH',
    path: `${secrets}/frozen`,
    contentType: MERGE,
    body: { immutable: false },
  },
  {
    name: 'immutable metadata',
    method: 'PATCH',
    path: `${secrets}/frozen`,
    contentType: MERGE,
    body: { metadata: { labels: { a: 'b' } } },
  },
  { name: 'bad base64', method: 'POST', path: secrets, body: secret('b', { data: { a: 'x!' } }) },
  { name: 'short base64', method: 'POST', path: secrets, body: secret('b', { data: { a: 'YWJj4' } }) },
  {
    name: 'null value',
    method: 'POST',
    path: `${secrets}?dryRun=All`,
    body: secret('b', { data: { a: null }, stringData: { b: null } }),
  },
  { name: 'number value', method: 'POST', path: secrets, body: secret('b', { data: { a: 1 } }) },
  { name: 'number in stringData', method: 'POST', path: secrets, body: secret('b', { stringData: { a: 1 } }) },
  { name: 'bad key', method: 'POST', path: secrets, body: secret('b', { stringData: { 'a b': 'x' } }) },
  { name: 'dot keys', method: 'POST', path: secrets, body: secret('b', { stringData: { '..': 'x' } }) },
  { name: 'too big', method: 'POST', path: secrets, body: secret('b', { stringData: { a: 'x'.repeat(1048577) } }) },
  {
    name: 'just fits',
    method: 'POST',
    path: `${secrets}?dryRun=All`,
    body: secret('b', { stringData: { a: 'x'.repeat(1048575) } }),
  },
  {
    name: 'tls needs keys',
    method: 'POST',
    path: secrets,
    body: secret('b', { type: 'kubernetes.io/tls', stringData: { 'tls.crt': 'x' } }),
  },
  { name: 'ssh needs a key', method: 'POST', path: secrets, body: secret('b', { type: 'kubernetes.io/ssh-auth' }) },
  {
    name: 'basic auth needs one',
    method: 'POST',
    path: secrets,
    body: secret('b', { type: 'kubernetes.io/basic-auth' }),
  },
  {
    name: 'dockerconfigjson needs a key',
    method: 'POST',
    path: secrets,
    body: secret('b', { type: 'kubernetes.io/dockerconfigjson' }),
  },
  {
    name: 'token needs an annotation',
    method: 'POST',
    path: secrets,
    body: secret('b', { type: 'kubernetes.io/service-account-token' }),
  },
  {
    name: 'unknown field, strict',
    method: 'POST',
    path: `${secrets}?fieldValidation=Strict`,
    body: secret('b', { foo: 1, metadata: { name: 'b', bar: 1 } }),
  },
  {
    name: 'unknown field, warn',
    method: 'POST',
    path: `${secrets}?fieldValidation=Warn&dryRun=All`,
    body: secret('b', { foo: 1 }),
  },
  { name: 'bad name', method: 'POST', path: secrets, body: secret('Bad_Name') },
  { name: 'no name', method: 'POST', path: secrets, body: secret('', { metadata: {} }) },
  {
    name: 'bad label',
    method: 'POST',
    path: secrets,
    body: secret('b', { metadata: { name: 'b', labels: { 'a b': 'c d', ok: '-' } } }),
  },
  {
    name: 'label of a wrong type',
    method: 'POST',
    path: secrets,
    body: secret('b', { metadata: { name: 'b', labels: { a: 1 } } }),
  },
  {
    name: 'bad annotation key',
    method: 'POST',
    path: secrets,
    body: secret('b', { metadata: { name: 'b', annotations: { '/x': '' } } }),
  },
  {
    name: 'bad finalizer',
    method: 'POST',
    path: secrets,
    body: secret('b', { metadata: { name: 'b', finalizers: ['a b'] } }),
  },
  {
    name: 'bad owner',
    method: 'POST',
    path: secrets,
    body: secret('b', {
      metadata: { name: 'b', ownerReferences: [{ kind: 'X', apiVersion: 'v1', name: '', uid: '' }] },
    }),
  },
  {
    name: 'create with a version',
    method: 'POST',
    path: secrets,
    body: secret('b', { metadata: { name: 'b', resourceVersion: '5' } }),
  },
  {
    name: 'wrong kind',
    method: 'POST',
    path: secrets,
    body: { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'b' } },
  },
  {
    name: 'wrong version',
    method: 'POST',
    path: secrets,
    body: { apiVersion: 'v2', kind: 'Secret', metadata: { name: 'b' } },
  },
  { name: 'no kind', method: 'POST', path: `${secrets}?dryRun=All`, body: { metadata: { name: 'b' } } },
  { name: 'missing namespace', method: 'POST', path: '/api/v1/namespaces/parity-none/secrets', body: secret('b') },
  { name: 'missing namespace, list', method: 'GET', path: '/api/v1/namespaces/parity-none/secrets' },
  { name: 'no namespace', method: 'POST', path: '/api/v1/secrets', body: secret('b') },
  { name: 'unsupported field selector', method: 'GET', path: `${secrets}?fieldSelector=spec.x%3Db` },
  { name: 'by type', method: 'GET', path: `${secrets}?fieldSelector=type%3Da/b,metadata.name!%3Dx` },
  { name: 'first page', method: 'GET', path: `${secrets}?limit=1` },
  { name: 'table', method: 'GET', path: secrets, accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' },
  {
    name: 'metadata only',
    method: 'GET',
    path: secrets,
    accept: 'application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io',
  },
  {
    name: 'metadata of one',
    method: 'GET',
    path: `${secrets}/typed`,
    accept: 'application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io',
  },
  { name: 'a bad version', method: 'GET', path: `${secrets}?resourceVersion=abc` },
  { name: 'delete collection', method: 'DELETE', path: secrets },
];

const configMaps = `${ns}/configmaps`;
const configMapSteps: readonly Step[] = [
  {
    name: 'create a ConfigMap',
    method: 'POST',
    path: `${configMaps}?fieldManager=one`,
    body: { metadata: { name: 'c' }, data: { a: '1' }, binaryData: { b: b64('2') } },
  },
  {
    name: 'same key twice',
    method: 'POST',
    path: configMaps,
    body: { metadata: { name: 'd' }, data: { a: '1' }, binaryData: { a: '' } },
  },
  {
    name: 'ConfigMap bad key',
    method: 'POST',
    path: configMaps,
    body: { metadata: { name: 'd' }, data: { 'a/b': '1' } },
  },
  {
    name: 'ConfigMap too big',
    method: 'POST',
    path: configMaps,
    body: { metadata: { name: 'd' }, data: { a: 'x'.repeat(1048577) } },
  },
  { name: 'ConfigMap number', method: 'POST', path: configMaps, body: { metadata: { name: 'd' }, data: { a: 5 } } },
  {
    name: 'strategic patch of a map',
    method: 'PATCH',
    path: `${configMaps}/c?fieldManager=two`,
    contentType: STRATEGIC,
    body: { data: { a: null, z: '26' } },
  },
  {
    name: 'generateName',
    method: 'POST',
    path: `${configMaps}?dryRun=All`,
    body: { metadata: { generateName: 'gen-' } },
  },
  {
    name: 'table of ConfigMaps',
    method: 'GET',
    path: configMaps,
    accept: 'application/json;as=Table;v=v1;g=meta.k8s.io',
  },
  { name: 'delete the ConfigMap', method: 'DELETE', path: `${configMaps}/c?propagationPolicy=Background` },
];

const widgetSteps: readonly Step[] = [
  {
    name: 'create a Widget',
    method: 'POST',
    path: `${widgets}?fieldManager=one`,
    body: widget(
      'w',
      {
        size: 3,
        labels: { a: 'b' },
        items: [{ key: 'k' }],
        tags: ['x', 'y'],
        ports: [{ name: 'http', port: 80 }],
        whole: { a: '1' },
        maybe: null,
        port: '80%',
        free: { any: [1, { thing: null }] },
        open: { other: 1 },
        color: null,
      },
      { status: { phase: 'ignored' } },
    ),
  },
  {
    name: 'status by its subresource',
    method: 'PATCH',
    path: `${widgets}/w/status?fieldManager=controller`,
    contentType: MERGE,
    body: {
      spec: { size: 99 },
      metadata: { labels: { ignored: 'yes' } },
      status: { phase: 'Up', conditions: [{ type: 'Ready', status: 'True' }] },
    },
  },
  {
    name: 'status by PUT',
    method: 'PUT',
    path: `${widgets}/w/status?fieldManager=controller`,
    change: (o) => ({
      ...o,
      spec: {},
      status: { phase: 'Down', conditions: [{ type: 'Ready', status: 'False', reason: 'X' }] },
    }),
  },
  {
    name: 'bad status',
    method: 'PATCH',
    path: `${widgets}/w/status?fieldManager=controller`,
    contentType: MERGE,
    body: { status: { conditions: [{ type: 'Ready' }], phase: 5 } },
  },
  { name: 'get status', method: 'GET', path: `${widgets}/w/status` },
  {
    name: 'main write leaves status alone',
    method: 'PATCH',
    path: `${widgets}/w?fieldManager=two`,
    contentType: MERGE,
    body: {
      spec: {
        size: 4,
        tags: ['y', 'z'],
        ports: [
          { name: 'http', port: 81 },
          { name: 'https', port: 443 },
        ],
        whole: { a: '1', b: '2' },
        items: [{ key: 'k' }, { key: 'l' }],
      },
      status: { phase: 'no' },
    },
  },
  {
    name: 'metadata does not bump generation',
    method: 'PATCH',
    path: `${widgets}/w?fieldManager=two`,
    contentType: MERGE,
    body: { metadata: { annotations: { a: 'b' } } },
  },
  {
    name: 'remove members',
    method: 'PATCH',
    path: `${widgets}/w?fieldManager=three`,
    contentType: MERGE,
    body: { spec: { tags: null, ports: [{ name: 'https', port: 443 }], labels: null, free: null, open: { other: 2 } } },
  },
  {
    name: 'apply a Widget',
    method: 'PATCH',
    path: `${widgets}/w?fieldManager=applier&force=true`,
    contentType: APPLY,
    body: widget('w', { size: 5, tags: ['q'], ports: [{ name: 'grpc', port: 1 }], nested: { b: true } }),
  },
  {
    name: 'apply less',
    method: 'PATCH',
    path: `${widgets}/w?fieldManager=applier&force=true`,
    contentType: APPLY,
    body: widget('w', { size: 5, ports: [{ name: 'dns' }] }),
  },
  {
    name: 'apply status',
    method: 'PATCH',
    path: `${widgets}/w/status?fieldManager=applier`,
    contentType: APPLY,
    body: {
      apiVersion: 'parity.example.com/v1',
      kind: 'Widget',
      metadata: { name: 'w' },
      status: { conditions: [{ type: 'Synced', status: 'True' }] },
    },
  },
  {
    name: 'apply conflict',
    method: 'PATCH',
    path: `${widgets}/w?fieldManager=late`,
    contentType: APPLY,
    body: widget('w', { size: 7, color: 'green' }),
  },
  { name: 'strategic is refused', method: 'PATCH', path: `${widgets}/w`, contentType: STRATEGIC, body: {} },
  { name: 'unknown patch type', method: 'PATCH', path: `${widgets}/w`, contentType: 'application/json', body: {} },
  { name: 'PUT without version', method: 'PUT', path: `${widgets}/w`, body: widget('w', { size: 1 }) },
  {
    name: 'PUT with a stale version',
    method: 'PUT',
    path: `${widgets}/w`,
    body: widget('w', { size: 1 }, { metadata: { name: 'w', resourceVersion: '1' } }),
  },
  { name: 'the other version', method: 'GET', path: `/apis/parity.example.com/v1beta1/namespaces/{ns}/widgets/w` },
  {
    name: 'write by the other version',
    method: 'PATCH',
    path: `/apis/parity.example.com/v1beta1/namespaces/{ns}/widgets/w?fieldManager=old`,
    contentType: MERGE,
    body: { spec: { size: 8 } },
  },
  {
    name: 'a version that is not served',
    method: 'GET',
    path: `/apis/parity.example.com/v2/namespaces/{ns}/widgets/w`,
  },
  { name: 'fixed is set', method: 'PATCH', path: `${widgets}/w`, contentType: MERGE, body: { spec: { fixed: 'a' } } },
  { name: 'fixed changes', method: 'PATCH', path: `${widgets}/w`, contentType: MERGE, body: { spec: { fixed: 'b' } } },
  bad('required', {}),
  bad('no spec', null),
  bad('below minimum', { size: 0 }),
  bad('above maximum', { size: 101 }),
  bad('exclusive minimum', { size: 1, ratio: 0 }),
  bad('wrong type', { size: 'big' }),
  bad('float for integer', { size: 1.5 }),
  bad('null for required', { size: null }),
  bad('object for string', { size: 1, name: {} }),
  bad('list for object', { size: 1, nested: [] }),
  bad('enum', { size: 1, color: 'blue' }),
  bad('pattern', { size: 1, name: 'A1' }),
  bad('too short', { size: 1, name: 'a' }),
  bad('too long', { size: 1, name: 'abcdefgh' }),
  bad('byte', { size: 1, bytes: '!!' }),
  bad('date-time', { size: 1, when: 'yesterday' }),
  bad('int-or-string', { size: 1, port: true }),
  bad('int32', { size: 1, max: 3000000000 }),
  bad('too many properties', { size: 1, labels: { a: '', b: '', c: '' } }),
  bad('no property', { size: 1, exactlyOne: {} }),
  bad('two properties', { size: 1, exactlyOne: { a: '', b: '' } }),
  bad('too few items', { size: 1, items: [] }),
  bad('too many items', { size: 1, items: [{ key: '1' }, { key: '2' }, { key: '3' }, { key: '4' }] }),
  bad('required in item', { size: 1, items: [{ value: 'x' }] }),
  bad('anyOf', { size: 1, either: {} }),
  bad('oneOf, none', { size: 1, one: {} }),
  bad('oneOf, both', { size: 1, one: { a: '', b: '' } }),
  bad('allOf', { size: 1, both: { a: '' } }),
  bad('allOf, none', { size: 1, both: {} }),
  bad('not', { size: 1, not: { a: '' } }),
  bad('duplicate in set', { size: 1, tags: ['a', 'a'] }),
  bad('duplicate key', { size: 1, ports: [{ name: 'a' }, { name: 'a' }] }),
  bad('CEL', { size: 5, max: 3 }),
  bad('CEL with reason and path', { size: 13 }),
  bad('map value of a wrong type', { size: 1, labels: { a: 1 } }),
  bad('unknown, strict', { size: 1, nope: 1, items: [{ key: 'a', nope: 2 }] }, '?fieldValidation=Strict'),
  bad('unknown, warn', { size: 1, nope: 1 }, '?fieldValidation=Warn&dryRun=All'),
  bad('unknown, ignore', { size: 1, nope: 1, nested: { c: 1 } }, '?fieldValidation=Ignore&dryRun=All'),
  { name: 'custom kind missing', method: 'POST', path: widgets, body: { metadata: { name: 'x' } } },
  {
    name: 'custom, wrong kind',
    method: 'POST',
    path: widgets,
    body: { apiVersion: 'parity.example.com/v1', kind: 'Gadget', metadata: { name: 'x' } },
  },
  {
    name: 'custom, wrong version',
    method: 'POST',
    path: widgets,
    body: { apiVersion: 'parity.example.com/v1beta1', kind: 'Widget', metadata: { name: 'x' } },
  },
  {
    name: 'only metadata',
    method: 'POST',
    path: `${widgets}?dryRun=All`,
    body: { apiVersion: 'parity.example.com/v1', kind: 'Widget', metadata: { name: 'x' } },
  },
  {
    name: 'bad labels on a custom object',
    method: 'POST',
    path: widgets,
    body: widget('x', { size: 1 }, { metadata: { name: 'x', labels: { a: 5 } } }),
  },
  {
    name: 'unknown metadata, strict',
    method: 'POST',
    path: `${widgets}?fieldValidation=Strict`,
    body: widget('x', { size: 1 }, { metadata: { name: 'x', wrong: 5 } }),
  },
  { name: 'list widgets', method: 'GET', path: widgets },
  { name: 'list by selectable field', method: 'GET', path: `${widgets}?fieldSelector=spec.color%3Dgreen` },
  { name: 'table of widgets', method: 'GET', path: widgets, accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' },
  {
    name: 'table of one, whole object',
    method: 'GET',
    path: `${widgets}/w?includeObject=None`,
    accept: 'application/json;as=Table;v=v1;g=meta.k8s.io',
  },
  {
    name: 'delete with foreground',
    method: 'PATCH',
    path: `${widgets}/w`,
    contentType: MERGE,
    body: { metadata: { finalizers: ['example.com/f'] } },
  },
  { name: 'custom delete, held', method: 'DELETE', path: `${widgets}/w` },
  {
    name: 'custom finalizer goes',
    method: 'PATCH',
    path: `${widgets}/w`,
    contentType: JSON_PATCH,
    body: [{ op: 'remove', path: '/metadata/finalizers' }],
  },
  { name: 'custom, gone', method: 'GET', path: `${widgets}/w` },
];

const manyManagers: readonly Step[] = [
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

const otherSteps: readonly Step[] = [
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

const definitions = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
const definitionSteps: readonly Step[] = [
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

export const STEPS: readonly Step[] = [
  ...secretSteps,
  ...configMapSteps,
  ...widgetSteps,
  ...manyManagers,
  ...definitionSteps,
  ...otherSteps,
];
