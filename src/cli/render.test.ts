import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parse } from 'yaml';
import { render, RenderError } from './render.ts';

const manifest = (target: object, more: object = {}): string =>
  JSON.stringify({
    apiVersion: 'external-secrets.io/v1',
    kind: 'ExternalSecret',
    metadata: { name: 'db', namespace: 'shop', labels: { team: 'shop' } },
    spec: { secretStoreRef: { name: 'store' }, target, dataFrom: [{ extract: { key: 'db' } }], ...more },
  });
const data = '{"user": "u1", "pass": "p1", "hosts": ["a", "b"]}';

test('shows the Secret as it would be written, values by their size', async () => {
  const secret = parse(await render({ manifests: [manifest({})], data })) as {
    data: object;
    metadata: { labels: object };
  };
  assert.deepEqual(secret.data, { user: '<2 bytes>', pass: '<2 bytes>', hosts: '<9 bytes>' });
  assert.partialDeepStrictEqual(secret.metadata.labels, { team: 'shop' });
});

test('renders templates, also those of ConfigMaps among the manifests', async () => {
  const config = JSON.stringify({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 't' },
    data: { conf: 'user={{ .user }}' },
  });
  const template = {
    data: { url: '{{ .user }}@{{ index (.hosts | fromJson) 0 }}' },
    templateFrom: [{ configMap: { name: 't', items: [{ key: 'conf' }] } }],
  };
  const secret = parse(await render({ manifests: [manifest({ template }), config], data, showValues: true })) as {
    stringData: unknown;
  };
  assert.deepEqual(secret.stringData, { conf: 'user=u1', url: 'u1@a' });
});

test('shows an object of another kind, with everything inside it masked until asked for', async () => {
  const template = { templateFrom: [{ literal: 'rules: [{host: "{{ .user }}", port: 80}]', target: 'spec' }] };
  const given = manifest({ manifest: { apiVersion: 'example.org/v1', kind: 'Gateway' }, template });
  const shown = async (showValues: boolean): Promise<Record<string, unknown>> =>
    parse(await render({ manifests: [given], data, showValues })) as Record<string, unknown>;
  const object = await shown(false);
  assert.equal(object['kind'], 'Gateway');
  assert.deepEqual(object['spec'], { rules: [{ host: '<2 bytes>', port: '<2 bytes>' }] });
  assert.deepEqual((await shown(true))['spec'], { rules: [{ host: 'u1', port: 80 }] });
});

const wrong: readonly [string, string, RegExp][] = [
  [
    'a template error names template and place',
    manifest({ template: { data: { x: '{{ .nope }}' } } }),
    /could not apply template: template\.data\["x"\]:.*nope/,
  ],
  [
    'a place in a manifest that is none is named',
    manifest({
      manifest: { apiVersion: 'v1', kind: 'ConfigMap' },
      template: { templateFrom: [{ literal: 'x', target: 'spec..x' }] },
    }),
    /could not apply template to manifest: templateFrom\[0\]: target "spec\.\.x" is no path/,
  ],
  ['a wrong field is named', manifest({ creationPolicy: 'Own' }), /creationPolicy/],
  ['a contradiction is named', manifest({ creationPolicy: 'Merge', deletionPolicy: 'Delete' }), /deletionPolicy/],
  [
    'a missing template source is named',
    manifest({ template: { templateFrom: [{ secret: { name: 's', items: [{ key: 'k' }] } }] } }),
    /Secret "s" is not among the manifests/,
  ],
  [
    'something else than an ExternalSecret is refused',
    '{"kind": "Secret", "metadata": {}}',
    /one ExternalSecret, not 0/,
  ],
  ['a manifest that is no YAML is refused', 'a: [', /not YAML/],
];
for (const [name, given, expected] of wrong) {
  test(name, () =>
    assert.rejects(
      render({ manifests: [given], data }),
      (error) => error instanceof RenderError && expected.test(error.message),
    ),
  );
}

test('an error never shows a value', async () => {
  const failing = manifest({ template: { data: { x: '{{ .pass | mustFromJson }}' } } });
  await assert.rejects(
    render({ manifests: [failing], data: '{"pass": "canary-value"}' }),
    (error: Error) => !error.message.includes('canary-value'),
  );
});
