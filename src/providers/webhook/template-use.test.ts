import assert from 'node:assert/strict';
import { test } from 'node:test';
import { usesMember } from './template-use.ts';

const table: readonly (readonly [template: string, property: boolean, namespace: boolean])[] = [
  ['https://h/static', false, false],
  ['https://h/{{ .remoteRef.key }}?v={{ .remoteRef.version }}', false, false],
  ['https://h/{{.remoteRef.key}}/{{.remoteRef.property}}', true, false],
  ['https://h/{{ $.remoteRef.namespace }}', false, true],
  ['https://h/{{ index .remoteRef "key" }}', true, true],
  ['https://h/{{ with .remoteRef }}{{ .key }}{{ end }}', true, true],
  ['https://h/{{ range $k, $v := . }}{{ $k }}{{ end }}', true, true],
  ['{{ toJson . }}', true, true],
  ['https://h/{{ .auth.property }}', false, false],
  ['https://h/{{ .remoteRef.key | upper | printf "%.3s" }}', false, false],
  ['https://h/{{ printf "a}}b" .remoteRef.key }}', true, true],
  ['https://h/{{ printf ".remoteRef.property" }}', false, false],
  ['property and namespace outside of actions: .remoteRef.property', false, false],
];

for (const [url, property, namespace] of table) {
  test(`${url} uses ${property ? 'the property' : 'no property'} and ${namespace ? 'the namespace' : 'no namespace'}`, () => {
    assert.equal(usesMember({ url }, 'property'), property);
    assert.equal(usesMember({ url }, 'namespace'), namespace);
  });
}

test('headers, body and JSONPath count as well', () => {
  const template = '{{ .remoteRef.property }}';
  assert.equal(usesMember({ url: 'https://h', headers: { a: template } }, 'property'), true);
  assert.equal(usesMember({ url: 'https://h', body: template }, 'property'), true);
  assert.equal(usesMember({ url: 'https://h', result: { jsonPath: `$.${template}` } }, 'property'), true);
  assert.equal(usesMember({ url: 'https://h', result: { jsonPath: `$.${template}` } }, 'namespace'), false);
});
