import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { systemClock } from '../../clock.ts';
import { SecretValue } from '../../secret-value.ts';
import { InvalidProviderConfigError, InvalidRefError } from '../errors.ts';
import type { TemplateTexts } from './template-use.ts';
import { Templates, type Rendered } from './templates.ts';

const SECRETS = new Map([['auth', new Map([['token', SecretValue.ofText('s3cr/t\n')]])]]);
const REF = { key: 'a/b c', version: '', property: "x'&y", namespace: 'team/a' };

const { signal } = new AbortController();

async function rendered(texts: Partial<TemplateTexts>, ref = REF): Promise<Rendered> {
  return new Templates({ url: 'https://h/', ...texts }, SECRETS, systemClock).render(ref, signal);
}

test('values of the reference are escaped in the URL, except the namespace; those of Secrets are not', async () => {
  const url =
    'https://h/{{ .remoteRef.namespace }}?k={{ .remoteRef.key }}&p={{ .remoteRef.property }}&t={{ .auth.token }}';
  assert.equal((await rendered({ url })).url, 'https://h/team/a?k=a%2Fb+c&p=x%27%26y&t=s3cr/t');
});

test('headers, body and JSONPath get values as they are', async () => {
  const { headers, body, jsonPath } = await rendered({
    headers: { Authorization: 'Bearer {{ .auth.token }}', 'X-Key': '{{ .remoteRef.key }}' },
    body: '{"k": {{ .remoteRef.key | toJson }}}',
    result: { jsonPath: '$.{{ .remoteRef.namespace }}' },
  });
  assert.deepEqual(headers, { authorization: 'Bearer s3cr/t', 'x-key': 'a/b c' });
  assert.equal(Buffer.from(body ?? []).toString(), '{"k": "a/b c"}');
  assert.equal(jsonPath, '$.team/a');
});

test('a missing value renders as the peer renders it', async () => {
  assert.equal(Buffer.from((await rendered({ body: '{{ .auth.nope }}' })).body ?? []).toString(), '<no value>');
});

test('without body and JSONPath there are none', async () => {
  const { body, jsonPath } = await rendered({ body: '', result: {} });
  assert.equal(body, undefined);
  assert.equal(jsonPath, '');
});

test('headers that follow from the request cannot be set', async () => {
  const { headers } = await rendered({ headers: { 'Content-Length': '5', Connection: 'close', a: 'b' } });
  assert.deepEqual(headers, { a: 'b' });
});

test('a template that does not parse is refused with its field', async () => {
  await assert.rejects(
    rendered({ body: '{{ if }}' }),
    (error: unknown) => error instanceof InvalidProviderConfigError && error.message.startsWith('body: '),
  );
  await assert.rejects(rendered({ headers: { 'bad name': 'x' } }), /headers: "bad name"/);
});

test('a template that fails, or makes an impossible header, is refused without its values', async () => {
  await assert.rejects(rendered({ headers: { a: 'x{{ "\\n" }}y{{ .auth.token }}' } }), (error: unknown) => {
    assert.ok(error instanceof InvalidRefError);
    assert.match(error.message, /headers\.a/);
    assert.doesNotMatch(error.message, /s3cr/);
    return true;
  });
  await assert.rejects(rendered({ body: '{{ index .auth.token 99 }}' }), (error: unknown) => {
    assert.ok(error instanceof InvalidRefError);
    assert.doesNotMatch(error.message, /s3cr/);
    return true;
  });
});

const ENDLESS = '{{ range until 1000 }}{{ range until 1000 }}{{ range until 1000 }}{{ end }}{{ end }}{{ end }}';

test('a template without end is stopped and named, does not hold up the program, and the next one is rendered', async () => {
  let turns = 0;
  const heartbeat = setInterval(() => turns++, 5).unref();
  after(() => clearInterval(heartbeat));
  await assert.rejects(rendered({ body: `${ENDLESS}{{ .auth.token }}` }), (error: unknown) => {
    assert.ok(error instanceof InvalidRefError);
    assert.match(error.message, /^body: .*takes (?:too long|more work than allowed)/);
    assert.doesNotMatch(error.message, /s3cr/);
    return true;
  });
  assert.ok(turns > 3, `${turns} turns of the event loop in a second`);
  assert.equal((await rendered({ url: 'https://h/{{ .remoteRef.version }}' })).url, 'https://h/');
});

test('a template that would fill the memory, or makes more than a Secret could hold, is refused', async () => {
  await assert.rejects(
    rendered({ body: '{{ repeat 1000000000 "x" | len }}' }),
    /^InvalidRefError: body: .*more work than allowed/,
  );
  await assert.rejects(rendered({ headers: { a: '{{ repeat 3000000 "x" }}' } }), /headers\.a: .*larger than/);
});

test('what is long but has an end is rendered in a worker', async () => {
  const counted = '{{ $n := 0 }}{{ range until 200000 }}{{ $n = add $n 1 }}{{ end }}{{ $n }}{{ .auth.token }}';
  const { body } = await rendered({ body: counted });
  assert.equal(Buffer.from(body ?? []).toString(), '200000s3cr/t\n');
});

test('an abort stops a template that is being rendered', async () => {
  const controller = new AbortController();
  const texts = { url: 'https://h/', body: ENDLESS };
  const rendering = new Templates(texts, SECRETS, systemClock).render(REF, controller.signal);
  controller.abort(new Error('shutting down'));
  await assert.rejects(rendering, /shutting down/);
});
