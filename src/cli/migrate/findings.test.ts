import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ObjectMeta, Stored } from '../../kube/types.ts';
import { findingsOf } from './findings.ts';
import { asText } from './print.ts';
import type { Deployment } from '../deployments.ts';
import type { Definition, Survey, WebhookConfiguration } from './survey.ts';

function stored<T extends object>(metadata: ObjectMeta, rest: T): T & Stored {
  return { ...rest, metadata: { uid: 'u', resourceVersion: '1', name: '', ...metadata } };
}

const HELM = { 'app.kubernetes.io/managed-by': 'Helm' };
const release = (name: string): ObjectMeta => ({
  labels: HELM,
  annotations: { 'meta.helm.sh/release-name': name, 'meta.helm.sh/release-namespace': 'eso' },
});

function definition(kind: string, meta: ObjectMeta, more: Partial<Definition['spec']> = {}, old: string[] = []) {
  const plural = `${kind.toLowerCase()}s`;
  const versions = [{ name: 'v1', served: true, storage: true }];
  const spec = { group: 'external-secrets.io', scope: 'Namespaced', names: { kind, plural }, versions, ...more };
  return stored(
    { ...meta, name: `${plural}.external-secrets.io` },
    { spec, status: { storedVersions: ['v1', ...old] } },
  );
}

function operator(namespace: string, args: readonly string[] = [], replicas?: number) {
  const spec = { template: { spec: { containers: [{ args }] } }, ...(replicas === undefined ? {} : { replicas }) };
  return stored<Deployment>({ namespace, name: 'external-secrets' }, { metadata: {}, spec });
}

function found(survey: Partial<Survey>): readonly string[] {
  const nothing: Survey = { definitions: [], objects: new Map(), operators: [], webhooks: [], namespaces: [] };
  const definitions = [definition('ExternalSecret', release('eso'))];
  return findingsOf({ ...nothing, definitions, ...survey })
    .filter(({ level }) => level === 'finding')
    .map(({ check, objects }) => [check, ...objects].join(' '));
}

test('an installation that is in order gives nothing to do', () => {
  assert.deepEqual(found({ operators: [operator('eso')] }), []);
});

test('a cluster without our CRDs gives nothing to do, and says so', () => {
  assert.deepEqual(found({ definitions: [] }), []);
  const findings = findingsOf({ definitions: [], objects: new Map(), operators: [], webhooks: [], namespaces: [] });
  assert.match(asText({ findings, rewritten: [] }), /^- crds: no CRD .*\nNothing to do\.\n$/);
});

test('a definition that a webhook converts is named', () => {
  const definitions = [definition('ExternalSecret', release('eso'), { conversion: { strategy: 'Webhook' } })];
  assert.deepEqual(found({ definitions }), [
    'conversion-webhook CustomResourceDefinition externalsecrets.external-secrets.io',
  ]);
});

test('definitions with old stored versions, or written in an old one, are told apart', () => {
  const versions = [{ name: 'v1beta1', served: true, storage: true }];
  const definitions = [
    definition('ExternalSecret', release('eso'), {}, ['v1beta1']),
    definition('SecretStore', release('eso'), { versions }),
  ];
  assert.deepEqual(found({ definitions }), [
    'stored-versions CustomResourceDefinition externalsecrets.external-secrets.io',
    'storage-version CustomResourceDefinition secretstores.external-secrets.io',
  ]);
});

test('definitions without a Helm release, and of several, are findings', () => {
  assert.deepEqual(found({ definitions: [definition('ExternalSecret', {})] }), ['helm-owner']);
  const definitions = [definition('ExternalSecret', release('a')), definition('SecretStore', release('b'))];
  assert.deepEqual(found({ definitions }), [
    'helm-owner CustomResourceDefinition externalsecrets.external-secrets.io',
    'helm-owner CustomResourceDefinition secretstores.external-secrets.io',
  ]);
});

test('two operators are one too many, unless one is scaled to 0 or has a class of its own', () => {
  assert.deepEqual(found({ operators: [operator('a'), operator('b', ['--controller-class=default'])] }), [
    'two-operators Deployment a/external-secrets Deployment b/external-secrets',
  ]);
  assert.deepEqual(found({ operators: [operator('a'), operator('b', [], 0)] }), []);
  assert.deepEqual(found({ operators: [operator('a'), operator('b', ['--controller-class=mine'])] }), []);
});

test('a webhook of an operator that is gone is named', () => {
  const service = { namespace: 'old', name: 'external-secrets-webhook' };
  const webhooks = [
    stored<WebhookConfiguration>(
      { name: 'secretstore-validate' },
      { metadata: {}, webhooks: [{ name: 'validate', clientConfig: { service } }] },
    ),
  ];
  assert.deepEqual(found({ webhooks, operators: [operator('new')] }), [
    'webhook ValidatingWebhookConfiguration secretstore-validate',
  ]);
  assert.deepEqual(found({ webhooks, operators: [operator('old')] }), []);
});
