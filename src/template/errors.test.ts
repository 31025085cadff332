/** What errors may show: our words always, the template's text for templates in manifests, values never (D20). */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { renderTemplate, TemplateError } from './index.ts';

const DATA = new Map([
  ['pin', Buffer.from('4711')],
  ['secret', Buffer.from('hunter2hunter2')],
  ['json', Buffer.from('{"list":["hunter2"],"n":47110815}')],
]);

function messageOf(template: string, showSource: boolean): string {
  try {
    renderTemplate(template, DATA, { name: 'templateFrom[0]', showSource });
  } catch (error) {
    assert.ok(error instanceof TemplateError);
    return error.message;
  }
  return assert.fail(`${template} did not fail`);
}

const VALUES_IN_ERRORS = [
  '{{ range .secret }}{{ end }}',
  '{{ fail .secret }}',
  '{{ fail (printf "x%s" .secret) }}',
  '{{ .secret | fail }}',
  '{{ urlParse (print "http://h:" .secret "/") }}',
  '{{ index .secret (int .pin) }}',
  '{{ substr (int .pin) 9999 .secret }}',
  '{{ eq (fromJson .json).list (fromJson .json).list }}',
  '{{ range (fromJson .json).n }}{{ end }}',
  '{{ genCAWithKey "x" 1 (print "-----BEGIN hunter2 PRIVATE KEY-----\nAAEC\n-----END hunter2 PRIVATE KEY-----\n") }}',
  '{{ mustRegexMatch (print "(" .secret) "x" }}',
  '{{ semverCompare .secret "1.0.0" }}',
  '{{ mustToDate .secret "x" }}',
  '{{ mustToDate "2006" .secret }}',
  '{{ mustFromJson .secret }}',
  '{{ rsaDecrypt .secret "" "" "" }}',
  '{{ call .secret }}',
];

describe('messages of template errors', () => {
  for (const template of VALUES_IN_ERRORS) {
    it(`hold no value: ${template.slice(0, 60)}`, () => {
      const withoutSource = messageOf(template, false);
      for (const value of ['hunter2', '4711']) assert.ok(!withoutSource.includes(value), withoutSource);
      assert.ok(!messageOf(template, true).includes('hunter2hunter2'));
    });
  }

  it('say of a value what it is and how long', () => {
    assert.match(messageOf('{{ range .secret }}{{ end }}', true), /can't iterate over <value: string, 14 bytes>$/);
  });

  it('show what fail was given when it stands in the template', () => {
    assert.match(messageOf('{{ fail "set the user first" }}', true), /error calling fail: set the user first$/);
  });

  it('quote the template only when it is no secret', () => {
    const template = '{{ .user.nope }}';
    assert.match(messageOf(template, true), /executing "templateFrom\[0\]" at <\.user\.nope>/);
    assert.match(
      messageOf(template, false),
      /^template: templateFrom\[0\]:1:8: executing … at <…>: map has no entry for key …$/,
    );
  });

  it('quote nothing of an unparsable template that is a secret', () => {
    assert.equal(messageOf('{{ hunter2 }}', false), 'template: templateFrom[0]:1: function … not defined');
    assert.match(messageOf('{{ "hunter2', false), /unterminated quoted string$/);
    assert.ok(!messageOf('{{ hunter2~ }}', false).includes('hunter2'));
  });

  it('tell line and column as data too', () => {
    assert.throws(
      () => renderTemplate('a\n  {{ .nope }}', DATA),
      (error: unknown) => {
        assert.ok(error instanceof TemplateError);
        assert.deepEqual(error.position, { name: 'template', line: 2, column: 5 });
        assert.equal(error.class, 'exec');
        return true;
      },
    );
  });
});
