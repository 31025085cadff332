import assert from 'node:assert/strict';
import { test } from 'node:test';
import { matchesSelector } from './label-selector.ts';

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
