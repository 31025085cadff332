import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkExternalSecret } from './external-secret-checks.ts';
import { externalSecretSpec } from './external-secret.ts';
import type { z } from 'zod';

type Spec = z.input<typeof externalSecretSpec>;
type Target = NonNullable<Spec['target']>;

const remoteRef = { key: 'db' };
const one = { secretKey: 'a', remoteRef };
const generatorRef = { kind: 'Password', name: 'p' } as const;
const TOKEN = 'kubernetes.io/service-account-token';
const ACCOUNT = { 'kubernetes.io/service-account.name': 'default' };

/** The errors for a spec to which the schema's defaults were added. */
const errorsOf = (spec: Spec): string[] => checkExternalSecret({ metadata: {}, spec: externalSecretSpec.parse(spec) });
const withTarget = (target: Target): Spec => ({ data: [one], target });
const policies = (creationPolicy: Target['creationPolicy'], deletionPolicy: Target['deletionPolicy']): Spec =>
  withTarget({ creationPolicy, deletionPolicy });
const template = (template: Target['template']): Spec => withTarget({ template });

const accepted: Readonly<Record<string, Spec>> = {
  'a single value': { data: [one] },
  '1a: Delete with Owner': policies('Owner', 'Delete'),
  '1a: Delete with Orphan, which fails later': policies('Orphan', 'Delete'),
  '1b: Merge with Merge': policies('Merge', 'Merge'),
  '2: dataFrom alone': { dataFrom: [{ extract: remoteRef }] },
  '3a: the token type without the annotation': template({ type: TOKEN }),
  '3a: the annotation with another type': template({ type: 'Opaque', metadata: { annotations: ACCOUNT } }),
  '4: targets in any case, and an empty one': template({
    templateFrom: [{ target: 'labels' }, { target: 'ANNOTATIONS' }, { target: '' }, { target: 'data' }],
  }),
  '4: a path with another kind of object': withTarget({
    manifest: { apiVersion: 'v1', kind: 'ConfigMap' },
    template: { templateFrom: [{ target: 'spec.rules[0]' }] },
  }),
  '5a: a generator alone': { dataFrom: [{ sourceRef: { generatorRef } }] },
  '5a: extract with another SecretStore': {
    dataFrom: [{ extract: remoteRef, sourceRef: { storeRef: { name: 's' } } }],
  },
  '5b: storeRef alone, which contributes nothing': { dataFrom: [{ sourceRef: { storeRef: { name: 's' } } }] },
  '6: a key twice with Delete': { data: [one, one], target: { deletionPolicy: 'Delete' } },
  '6: a key twice with Merge': { data: [one, one], target: { deletionPolicy: 'Merge' } },
  'an interval of 0': { data: [one], refreshInterval: '0' },
  'a negative interval': { data: [one], refreshInterval: '-1m' },
  'a regular expression or schedule that cannot be read': {
    dataFrom: [{ find: { name: { regexp: '(' } } }],
    syncWindows: { kind: 'allow', windows: [{ schedule: '9 99 * * *', duration: '1h' }] },
  },
};

for (const [name, spec] of Object.entries(accepted)) {
  test(`accepts ${name}`, () => assert.deepEqual(errorsOf(spec), []));
}

const refused: Readonly<Record<string, readonly [spec: Spec, ...errors: readonly RegExp[]]>> = {
  '1a: Delete with Merge': [
    policies('Merge', 'Delete'),
    /deletionPolicy is "Delete".*"Merge".*set creationPolicy to "Owner"/,
  ],
  '1a: Delete with None': [policies('None', 'Delete'), /creationPolicy is "None".*"Owner"/],
  '1a: Delete with CreateOrMerge': [policies('CreateOrMerge', 'Delete'), /creationPolicy is "CreateOrMerge".*"Owner"/],
  '1b: Merge with None': [policies('None', 'Merge'), /deletionPolicy is "Merge".*no keys to remove.*"Retain"/],
  '2: neither data nor dataFrom': [{}, /spec\.data and spec\.dataFrom are both empty/],
  '2: both empty lists': [{ data: [], dataFrom: [] }, /both empty/],
  '3a: a ServiceAccount token by annotation': [
    template({ type: TOKEN, metadata: { annotations: ACCOUNT } }),
    /template\.type is "kubernetes\.io\/service-account-token".*annotation kubernetes\.io\/service-account\.name.*forbidden/,
  ],
  '3b: a ServiceAccount token by templated annotations': [
    template({ type: TOKEN, templateFrom: [{ literal: 'x', target: 'annotations' }] }),
    /templateFrom writes annotations.*forbidden/,
  ],
  '3: only the first of 3a and 3b': [
    template({ type: TOKEN, metadata: { annotations: ACCOUNT }, templateFrom: [{ target: 'Annotations' }] }),
    /has the annotation/,
  ],
  '3c: a bootstrap token': [
    template({ type: 'bootstrap.kubernetes.io/token' }),
    /"bootstrap\.kubernetes\.io\/token": this type is forbidden/,
  ],
  '3: also with another kind of object': [
    withTarget({
      manifest: { apiVersion: 'v1', kind: 'ConfigMap' },
      template: { type: 'bootstrap.kubernetes.io/token' },
    }),
    /forbidden/,
  ],
  '4: paths in a Secret, each by itself': [
    template({ templateFrom: [{ target: 'spec' }, { target: 'Data' }, { target: 'data.x' }] }),
    /templateFrom\[0\]\.target is "spec": a Secret has only Data, Annotations, Labels/,
    /templateFrom\[2\]\.target is "data\.x"/,
  ],
  '4: a manifest that is a Secret': [
    withTarget({ manifest: { apiVersion: 'v1', kind: 'Secret' }, template: { templateFrom: [{ target: 'spec' }] } }),
    /templateFrom\[0\]\.target is "spec"/,
  ],
  '5a: extract with find': [
    { dataFrom: [{ extract: remoteRef }, { extract: remoteRef, find: {} }] },
    /spec\.dataFrom\[1\] has extract and find, which exclude each other/,
  ],
  '5a: a generator with extract': [
    { dataFrom: [{ extract: remoteRef, sourceRef: { generatorRef } }] },
    /extract and sourceRef\.generatorRef/,
  ],
  '5b: an empty entry': [
    { dataFrom: [{}] },
    /spec\.dataFrom\[0\] is empty: set extract, find or sourceRef\.generatorRef/,
  ],
  '5b: only rewrite': [{ dataFrom: [{ rewrite: [{ regexp: { source: 'a', target: 'b' } }] }] }, /is empty/],
  '6: a key three times': [
    { data: [one, one, one] },
    /spec\.data\[1\]\.secretKey is "a", as in spec\.data\[0\]/,
    /spec\.data\[2\]\.secretKey is "a"/,
  ],
  'D15: an interval in days': [
    { data: [one], refreshInterval: '1d' },
    /^spec\.refreshInterval: "1d" is not a duration: unknown unit "d".*write days as hours/,
  ],
  'an empty interval': [{ data: [one], refreshInterval: '' }, /spec\.refreshInterval: "" is not a duration/],
  'a window whose length is no duration': [
    { data: [one], syncWindows: { kind: 'deny', windows: [{ schedule: '@daily', duration: '90' }] } },
    /spec\.syncWindows\.windows\[0\]\.duration: "90" is not a duration: a unit is missing/,
  ],
  'several things at once, in order': [
    { target: { creationPolicy: 'None', deletionPolicy: 'Delete' }, dataFrom: [{}], refreshInterval: 'x' },
    /deletionPolicy/,
    /dataFrom\[0\]/,
    /refreshInterval/,
  ],
};

for (const [name, [spec, ...errors]] of Object.entries(refused)) {
  test(`refuses ${name}`, () => {
    const found = errorsOf(spec);
    assert.equal(found.length, errors.length, found.join('\n'));
    errors.forEach((error, i) => assert.match(found[i] ?? '', error));
  });
}

test('refuses 5c: a sourceRef with nothing in it, which only a broken API server would let through', () => {
  const spec = { ...externalSecretSpec.parse({}), dataFrom: [{ sourceRef: {} }] };
  assert.match(
    checkExternalSecret({ metadata: {}, spec })[0] ?? '',
    /sourceRef is empty: set generatorRef or storeRef/,
  );
});

test('refuses an ExternalSecret without a spec', () => {
  assert.equal(checkExternalSecret({ metadata: {} }).length, 1);
});
