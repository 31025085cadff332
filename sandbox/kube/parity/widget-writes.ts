/**
 * Custom objects: status, versions, server-side apply, lists and tables.
 */
import type { Step } from './step.ts';
import { MERGE, STRATEGIC, APPLY, widgets, widget } from './step.ts';

export const widgetSteps: readonly Step[] = [
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
];
