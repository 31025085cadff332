import assert from 'node:assert/strict';
import { test } from 'node:test';
import { matchesSelector, selectorProblem } from './label-selector.ts';

const labels = { team: 'shop', tier: 'prod' };
const cases: readonly [string, Parameters<typeof matchesSelector>[0], boolean][] = [
  ['an empty selector matches everything', {}, true],
  ['equal labels match', { matchLabels: { team: 'shop' } }, true],
  ['another value does not match', { matchLabels: { team: 'blue' } }, false],
  ['In matches a listed value', { matchExpressions: [{ key: 'tier', operator: 'In', values: ['dev', 'prod'] }] }, true],
  ['In needs the label', { matchExpressions: [{ key: 'zone', operator: 'In', values: ['a'] }] }, false],
  ['NotIn accepts a missing label', { matchExpressions: [{ key: 'zone', operator: 'NotIn', values: ['a'] }] }, true],
  ['NotIn refuses a listed value', { matchExpressions: [{ key: 'tier', operator: 'NotIn', values: ['prod'] }] }, false],
  ['Exists wants the label', { matchExpressions: [{ key: 'team', operator: 'Exists' }] }, true],
  ['DoesNotExist refuses the label', { matchExpressions: [{ key: 'team', operator: 'DoesNotExist' }] }, false],
  ['an unknown operator matches nothing', { matchExpressions: [{ key: 'team', operator: 'Like' }] }, false],
  [
    'labels and expressions must all hold',
    { matchLabels: { team: 'shop' }, matchExpressions: [{ key: 'tier', operator: 'DoesNotExist' }] },
    false,
  ],
];

for (const [name, selector, expected] of cases) {
  test(name, () => assert.equal(matchesSelector(selector, labels), expected));
}

const problems: readonly [string, Parameters<typeof selectorProblem>[0], RegExp | undefined][] = [
  ['an empty selector is in order', {}, undefined],
  ['keys may have a domain, values may be empty', { matchLabels: { 'example.org/Team_1': '' } }, undefined],
  ['a key with a space', { matchLabels: { 'team name': 'x' } }, /^key "team name" is not a label key/],
  [
    'a domain in capitals',
    { matchExpressions: [{ key: 'Example.org/a', operator: 'Exists' }] },
    /^key "Example.org\/a"/,
  ],
  ['a name of 64 characters', { matchLabels: { ['a'.repeat(64)]: 'x' } }, /is not a label key/],
  ['a value with a space', { matchLabels: { team: 'a b' } }, /^a value of label "team" is not a label value/],
  ['a listed value', { matchExpressions: [{ key: 'team', operator: 'In', values: ['a', '-'] }] }, /of label "team"/],
  ['In without values', { matchExpressions: [{ key: 'team', operator: 'In' }] }, /needs values/],
  ['Exists with values', { matchExpressions: [{ key: 'team', operator: 'Exists', values: ['a'] }] }, /takes no values/],
];

for (const [name, selector, expected] of problems) {
  test(`what is wrong with a selector: ${name}`, () => {
    if (expected === undefined) assert.equal(selectorProblem(selector), undefined);
    else assert.match(selectorProblem(selector) ?? '', expected);
  });
}
