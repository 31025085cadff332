import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { z } from 'zod';
import { externalSecretSchema, externalSecretSpec } from './external-secret.ts';
import { generatorSchemas } from './generators/schemas.ts';
import { pushSecretSpec } from './push-secret.ts';
import { secretStoreSchema } from './secret-store.ts';

const TARGET = { creationPolicy: 'Owner', deletionPolicy: 'Retain' };
const EXTERNAL_SECRET = { refreshInterval: '1h0m0s', target: TARGET };
const remoteRef = { key: 'db' };
const source = { secretStoreRefs: [{ name: 'main' }], selector: { secret: { name: 'app' } } };
const PUSH_SECRET = {
  refreshInterval: '1h0m0s',
  updatePolicy: 'Replace',
  deletionPolicy: 'None',
  secretStoreRefs: [{ name: 'main', kind: 'SecretStore' }],
  selector: { secret: { name: 'app' } },
};

function specOf(kind: string): z.ZodType {
  const generator = generatorSchemas([]).find((it) => it.kind === kind);
  assert.ok(generator);
  return generator.spec;
}

/** Name, schema, what is written, what is stored (`api.md` 13). */
const defaults: readonly (readonly [name: string, schema: z.ZodType, written: unknown, stored: unknown])[] = [
  ['an ExternalSecret without spec stays so', externalSecretSchema, {}, {}],
  ['an empty ExternalSecret', externalSecretSpec, {}, EXTERNAL_SECRET],
  [
    'the strategies of a remoteRef stay unset, and the interval as typed',
    externalSecretSpec,
    { refreshInterval: '3m0s', data: [{ secretKey: 'a', remoteRef }] },
    { ...EXTERNAL_SECRET, refreshInterval: '3m0s', data: [{ secretKey: 'a', remoteRef }] },
  ],
  [
    'a template',
    externalSecretSpec,
    { target: { template: { templateFrom: [{ secret: { name: 's', items: [{ key: 'k' }] } }, { target: '' }] } } },
    {
      ...EXTERNAL_SECRET,
      target: {
        ...TARGET,
        template: {
          engineVersion: 'v2',
          mergePolicy: 'Replace',
          templateFrom: [
            { secret: { name: 's', items: [{ key: 'k', templateAs: 'Values' }] }, target: 'Data' },
            { target: '' },
          ],
        },
      },
    },
  ],
  [
    'merging and a generator',
    externalSecretSpec,
    {
      dataFrom: [
        { extract: remoteRef, rewrite: [{ merge: {} }] },
        { sourceRef: { generatorRef: { kind: 'UUID', name: 'u' } } },
      ],
    },
    {
      ...EXTERNAL_SECRET,
      dataFrom: [
        {
          extract: remoteRef,
          rewrite: [{ merge: { strategy: 'Extract', into: '', priorityPolicy: 'Strict', conflictPolicy: 'Error' } }],
        },
        {
          sourceRef: {
            generatorRef: { apiVersion: 'generators.external-secrets.io/v1alpha1', kind: 'UUID', name: 'u' },
          },
        },
      ],
    },
  ],
  [
    'a SecretStore gets nothing outside its provider',
    secretStoreSchema([]),
    { spec: { provider: { gitlab: { url: 'x' } } } },
    { spec: { provider: { gitlab: { url: 'x' } } } },
  ],
  ['a PushSecret', pushSecretSpec, source, PUSH_SECRET],
  [
    'entries of a PushSecret',
    pushSecretSpec,
    {
      ...source,
      data: [{ match: { remoteRef: { remoteKey: 'r' } }, metadata: { any: [1] } }],
      dataTo: [{ storeRef: { name: 'main' } }],
    },
    {
      ...PUSH_SECRET,
      data: [{ match: { remoteRef: { remoteKey: 'r' } }, metadata: { any: [1] }, conversionStrategy: 'None' }],
      dataTo: [{ storeRef: { name: 'main', kind: 'SecretStore' }, conversionStrategy: 'None' }],
    },
  ],
  ['a Password', specOf('Password'), {}, { length: 24, noUpper: false, allowRepeat: false, encoding: 'raw' }],
  ['an SSHKey', specOf('SSHKey'), {}, { keyType: 'rsa' }],
  [
    'a VaultDynamicSecret',
    specOf('VaultDynamicSecret'),
    { path: 'p', provider: {} },
    { path: 'p', provider: {}, resultType: 'Data', allowEmptyResponse: false },
  ],
  [
    'an ACRAccessToken',
    specOf('ACRAccessToken'),
    { registry: 'r', auth: {} },
    { registry: 'r', auth: {}, environmentType: 'PublicCloud' },
  ],
];

for (const [name, schema, written, stored] of defaults) {
  test(`defaults: ${name}`, () => assert.deepEqual(schema.parse(written), stored));
}

/** What a schema refuses, with the path of the problem. The API server refuses the same by the CRD. */
const refused: readonly (readonly [name: string, schema: z.ZodType, written: unknown, path: string])[] = [
  ['an empty refreshPolicy', externalSecretSpec, { refreshPolicy: '' }, 'refreshPolicy'],
  [
    'an empty decodingStrategy',
    externalSecretSpec,
    { data: [{ secretKey: 'a', remoteRef: { key: 'x', decodingStrategy: '' } }] },
    'data.0.remoteRef.decodingStrategy',
  ],
  [
    'two sources of one value',
    externalSecretSpec,
    {
      data: [{ secretKey: 'a', remoteRef, sourceRef: { storeRef: {}, generatorRef: { kind: 'Fake', name: 'f' } } }],
    },
    'data.0.sourceRef',
  ],
  ['a key with a space', externalSecretSpec, { data: [{ secretKey: 'a b', remoteRef }] }, 'data.0.secretKey'],
  [
    'six cron fields',
    externalSecretSpec,
    { syncWindows: { kind: 'allow', windows: [{ schedule: '0 0 22 * * *', duration: '1h' }] } },
    'syncWindows.windows.0.schedule',
  ],
  [
    'a store with two providers',
    secretStoreSchema([]),
    { spec: { provider: { aws: {}, gitlab: {} } } },
    'spec.provider',
  ],
  ['a PushSecret without selector (Q09)', pushSecretSpec, { secretStoreRefs: [] }, 'selector'],
  ['dataTo without storeRef', pushSecretSpec, { ...source, dataTo: [{}] }, 'dataTo.0'],
  [
    'dataTo as a bundle with rewrite',
    pushSecretSpec,
    { ...source, dataTo: [{ storeRef: { name: 'm' }, remoteKey: '', rewrite: [{ transform: { template: 'x' } }] }] },
    'dataTo.0',
  ],
  [
    'a rewrite of dataTo that says nothing',
    pushSecretSpec,
    { ...source, dataTo: [{ storeRef: { name: 'm' }, rewrite: [{}] }] },
    'dataTo.0.rewrite.0',
  ],
  ['an SSH key of 128 bits', specOf('SSHKey'), { keySize: 128 }, 'keySize'],
];

for (const [name, schema, written, path] of refused) {
  test(`refuses ${name}`, () => {
    const { error } = schema.safeParse(written);
    assert.deepEqual(
      error?.issues.map((issue) => issue.path.join('.')),
      [path],
    );
  });
}
