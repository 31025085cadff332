/** Limits: what is small stays here, what is large goes to a worker, what is too large ends with a clear error. */
import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { after, describe, it } from 'node:test';
import { TemplateError, TemplateRenderer } from './index.ts';

const NO_DATA = new Map<string, Uint8Array>();
const renderer = new TemplateRenderer({ deadlineMs: 5_000 });
after(() => renderer.close());

const text = async (template: string, data: ReadonlyMap<string, Uint8Array> = NO_DATA): Promise<string> =>
  Buffer.from(await renderer.render(template, data)).toString('utf8');

const failsWith =
  (reason: string) =>
  (error: unknown): boolean => {
    assert.ok(error instanceof TemplateError);
    assert.equal(error.reason, reason);
    return true;
  };

describe('TemplateRenderer', () => {
  it('renders small templates at once', async () => {
    assert.equal(await text('{{ .user | upper }}', new Map([['user', Buffer.from('ada')]])), 'ADA');
  });

  it('renders nested data', async () => {
    const out = await renderer.renderValue('{{ .a.b }}{{ .x }}', { a: { b: 'c' } }, { missingKey: 'default' });
    assert.equal(Buffer.from(out).toString(), 'c<no value>');
  });

  it('moves to a worker what exceeds the budget of the main thread', async () => {
    assert.equal(await text('{{ $n := 0 }}{{ range until 200000 }}{{ $n = add $n 1 }}{{ end }}{{ $n }}'), '200000');
  });

  it('carries binary data to the worker and back', async () => {
    const blob = Buffer.from([0, 255, 128, 10]);
    const out = await renderer.render('{{ range until 100000 }}{{ end }}{{ .blob }}', new Map([['blob', blob]]));
    assert.deepEqual(Buffer.from(out), blob);
  });

  it('makes certificates in a worker, valid from the time of the clock', async () => {
    const clock = { now: () => Date.UTC(2030, 0, 2, 3, 4, 5) };
    const dated = new TemplateRenderer({ clock });
    const template = '{{ $ca := genCA "my-ca" 1 }}{{ (genSignedCert "host" nil (list "a.example") 1 $ca).Cert }}';
    const pem = Buffer.from(await dated.render(template, NO_DATA)).toString();
    await dated.close();
    const certificate = new X509Certificate(pem);
    assert.equal(certificate.validFrom, 'Jan  2 03:04:05 2030 GMT');
    assert.equal(certificate.subjectAltName, 'DNS:a.example');
    assert.match(certificate.issuer, /CN=my-ca/);
  });

  it('passes errors of the worker on as they are, without values', async () => {
    const data = new Map([['secret', Buffer.from('hunter2hunter2')]]);
    await assert.rejects(text('{{ range until 100000 }}{{ end }}{{ fail .secret }}', data), (error: unknown) => {
      assert.ok(error instanceof TemplateError);
      assert.equal(error.class, 'exec');
      assert.match(error.message, /error calling fail: <value: string, 14 bytes>$/);
      assert.deepEqual(error.position, { name: 'template', line: 1, column: 36 });
      return true;
    });
  });

  it('stops a render that misses the deadline, and renders the next one', async () => {
    const quick = new TemplateRenderer({ deadlineMs: 100 });
    const endless = '{{ range until 1000 }}{{ range until 1000 }}{{ range until 1000 }}{{ end }}{{ end }}{{ end }}';
    await assert.rejects(quick.render(endless, NO_DATA), failsWith('deadline'));
    const slow = new TemplateRenderer();
    assert.equal(Buffer.from(await slow.render('{{ seq 100000 | len }}', NO_DATA)).toString(), '588894');
    await Promise.all([quick.close(), slow.close()]);
  });

  it('renders what only needs a worker while templates that make keys hold all of theirs', async () => {
    const controller = new AbortController();
    const { signal } = controller;
    const lanes = new TemplateRenderer({ deadlineMs: 20_000, slowDeadlineMs: 20_000 });
    const hostile = [1, 2, 3].map(() =>
      lanes.render('{{ range 1000000 }}{{ range 1000000 }}{{ end }}{{ end }}{{ bcrypt "x" }}', NO_DATA, { signal }),
    );
    let ended = 0;
    for (const each of hostile) each.catch(() => ended++);
    const out = await lanes.render('{{ range until 100000 }}{{ end }}done', NO_DATA);
    assert.equal(Buffer.from(out).toString(), 'done');
    assert.equal(ended, 0);
    controller.abort(new Error('enough'));
    await Promise.allSettled(hostile);
    await lanes.close();
  });

  it('stops a render whose caller gave up', async () => {
    const controller = new AbortController();
    const { signal } = controller;
    const endless = '{{ range until 1000 }}{{ range until 1000 }}{{ range until 1000 }}{{ end }}{{ end }}{{ end }}';
    const render = renderer.render(endless, NO_DATA, { signal });
    controller.abort(new Error('shutting down'));
    await assert.rejects(render, /shutting down/);
  });

  it('refuses results that no Secret could hold', async () => {
    await assert.rejects(text('{{ repeat 3000000 "x" }}'), failsWith('output'));
  });

  it('refuses to build what fits no memory', async () => {
    await assert.rejects(text('{{ repeat 1000000000 "x" | len }}'), failsWith('budget'));
    await assert.rejects(text('{{ until 100000000 | len }}'), failsWith('budget'));
    await assert.rejects(text('{{ printf "%1000000d%1000000d" 1 1 | repeat 1000 | len }}'), failsWith('budget'));
  });

  it('ends templates that call themselves', async () => {
    const template = '{{ define "a" }}{{ template "a" . }}{{ end }}{{ template "a" . }}';
    await assert.rejects(text(template), /exceeded maximum template depth \(1000\)/);
  });

  it('matches hostile patterns in linear time', async () => {
    const data = new Map([['a', Buffer.from(`${'a'.repeat(50_000)}!`)]]);
    assert.equal(await text('{{ regexMatch "^(a+)+$" .a }}', data), 'false');
  });

  it('parses deep nesting without overflowing', async () => {
    await assert.rejects(text(`{{ ${'('.repeat(100_000)} }}`), TemplateError);
    await assert.rejects(text('{{ if true }}'.repeat(100_000)), TemplateError);
  });

  it('finds parse errors before asking a worker', async () => {
    await assert.rejects(
      text('{{ genCA }'),
      (error: unknown) => error instanceof TemplateError && error.class === 'parse',
    );
  });
});
