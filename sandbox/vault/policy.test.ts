import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { capabilitiesOn, parsePolicy } from './policy.ts';

describe('access policies', () => {
  const table: readonly (readonly [string, string, string, readonly string[]])[] = [
    ['an exact path', 'path "a/b" { capabilities = ["read"] }', 'a/b', ['read']],
    ['an exact path covers nothing below', 'path "a/b" { capabilities = ["read"] }', 'a/b/c', []],
    ['a star covers all below', 'path "a/*" { capabilities = ["read"] }', 'a/b/c', ['read']],
    ['a star continues a word', 'path "a/b*" { capabilities = ["read"] }', 'a/bc/d', ['read']],
    ['a plus is one segment', 'path "a/+/c" { capabilities = ["read"] }', 'a/b/c', ['read']],
    ['a plus is not two segments', 'path "a/+/c" { capabilities = ["read"] }', 'a/b/b/c', []],
    ['plus and star together', 'path "a/+/c*" { capabilities = ["read"] }', 'a/x/cd/e', ['read']],
    [
      'the exact path wins over the star',
      'path "a/*" { capabilities = ["read"] } path "a/b" { capabilities = ["list"] }',
      'a/b',
      ['list'],
    ],
    [
      'the longer star wins',
      'path "a/*" { capabilities = ["read"] } path "a/b/*" { capabilities = ["list"] }',
      'a/b/c',
      ['list'],
    ],
    [
      'the star wins over the earlier plus',
      'path "a/+/c" { capabilities = ["read"] } path "a/b/*" { capabilities = ["list"] }',
      'a/b/c',
      ['list'],
    ],
    [
      'deny wins in the same path',
      'path "a" { capabilities = ["read"] } path "a" { capabilities = ["deny"] }',
      'a',
      [],
    ],
    [
      'the same path adds up',
      'path "a" { capabilities = ["read"] } path "a" { capabilities = ["list"] }',
      'a',
      ['list', 'read'],
    ],
  ];
  for (const [name, policy, path, expected] of table) {
    it(name, () => assert.deepEqual([...capabilitiesOn(parsePolicy(policy), path)].sort(), expected));
  }

  it('that use more of the language are refused, not misread', () => {
    const document = 'path "a" { capabilities = ["read"] allowed_parameters = { "x" = [] } }';
    assert.throws(() => parsePolicy(document), SyntaxError);
  });
});
