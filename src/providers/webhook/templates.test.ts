import assert from 'node:assert/strict';
import { test } from 'node:test';
import { systemClock } from '../../clock.ts';
import { SecretValue } from '../../secret-value.ts';
import { InvalidProviderConfigError, InvalidRefError } from '../errors.ts';
import type { TemplateTexts } from './template-use.ts';
import { Templates, type Rendered } from './templates.ts';

const SECRETS = new Map([['auth', new Map([['token', SecretValue.ofText('s3cr/t\n')]])]]);
const REF = { key: 'a/b c', version: '', property: "x'&y", namespace: 'team/a' };

function rendered(texts: Partial<TemplateTexts>, ref = REF): Rendered {
  return new Templates({ url: 'https://h/', ...texts }, SECRETS, systemClock).render(ref);
}

test('values of the reference are escaped in the URL, except the namespace; those of Secrets are not', () => {
  const url =
    'https://h/{{ .remoteRef.namespace }}?k={{ .remoteRef.key }}&p={{ .remoteRef.property }}&t={{ .auth.token }}';
  assert.equal(rendered({ url }).url, 'https://h/team/a?k=a%2Fb+c&p=x%27%26y&t=s3cr/t');
});

test('headers, body and JSONPath get values as they are', () => {
  const { headers, body, jsonPath } = rendered({
    headers: { Authorization: 'Bearer {{ .auth.token }}', 'X-Key': '{{ .remoteRef.key }}' },
    body: '{"k": {{ .remoteRef.key | toJson }}}',
    result: { jsonPath: '$.{{ .remoteRef.namespace }}' },
  });
  assert.deepEqual(headers, { authorization: 'Bearer s3cr/t', 'x-key': 'a/b c' });
  assert.equal(Buffer.from(body ?? []).toString(), '{"k": "a/b c"}');
  assert.equal(jsonPath, '$.team/a');
});

test('a missing value renders as the peer renders it', () => {
  assert.equal(rendered({ body: '{{ .auth.nope }}' }).body?.toString(), '<no value>');
});

test('without body and JSONPath there are none', () => {
  const { body, jsonPath } = rendered({ body: '', result: {} });
  assert.equal(body, undefined);
  assert.equal(jsonPath, '');
});

test('headers that follow from the request cannot be set', () => {
  assert.deepEqual(rendered({ headers: { 'Content-Length': '5', Connection: 'close', a: 'b' } }).headers, { a: 'b' });
});

test('a template that does not parse is refused with its field', () => {
  assert.throws(
    () => rendered({ body: '{{ if }}' }),
    (error: unknown) => error instanceof InvalidProviderConfigError && error.message.startsWith('body: '),
  );
  assert.throws(() => rendered({ headers: { 'bad name': 'x' } }), /headers: "bad name"/);
});

test('a template that fails, or makes an impossible header, is refused without its values', () => {
  assert.throws(
    () => rendered({ headers: { a: 'x{{ "\\n" }}y{{ .auth.token }}' } }),
    (error: unknown) => {
      assert.ok(error instanceof InvalidRefError);
      assert.match(error.message, /headers\.a/);
      assert.doesNotMatch(error.message, /s3cr/);
      return true;
    },
  );
  assert.throws(
    () => rendered({ body: '{{ index .auth.token 99 }}' }),
    (error: unknown) => {
      assert.ok(error instanceof InvalidRefError);
      assert.doesNotMatch(error.message, /s3cr/);
      return true;
    },
  );
});
