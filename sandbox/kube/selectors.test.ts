import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fieldSelector, labelSelector, matchesLabelSelector } from './selectors.ts';

const object = { metadata: { name: 'n', labels: { a: '1', b: '2' } } };

const LABELS: readonly (readonly [selector: string, matches: boolean])[] = [
  ['a=1', true],
  ['a==1,b!=3', true],
  ['a!=1', false],
  ['c!=1', true],
  ['a in (1,2),b notin (3)', true],
  ['a in (2)', false],
  ['a,!c', true],
  ['!a', false],
];

for (const [selector, matches] of LABELS) {
  test(`label selector ${selector} ${matches ? 'selects' : 'leaves out'} the object`, () => {
    assert.equal(labelSelector(selector)?.(object), matches);
  });
}

test('a field selector knows only the fields of the kind', () => {
  const fields = new Map([['metadata.name', () => 'n']]);
  assert.equal(fieldSelector('metadata.name=n', fields)?.(object), true);
  assert.equal(fieldSelector('metadata.name!=n', fields)?.(object), false);
  assert.throws(() => fieldSelector('spec.x=1', fields), { code: 400, message: 'field label not supported: spec.x' });
});

test('a LabelSelector object obeys all four operators', () => {
  const expression = (key: string, operator: string, ...values: string[]) => ({
    matchExpressions: [{ key, operator, values }],
  });
  const labels = { a: '1' };
  assert.equal(matchesLabelSelector({}, labels), true);
  assert.equal(matchesLabelSelector({ matchLabels: { a: '2' } }, labels), false);
  assert.equal(matchesLabelSelector(expression('a', 'In', '1'), labels), true);
  assert.equal(matchesLabelSelector(expression('a', 'NotIn', '1'), labels), false);
  assert.equal(matchesLabelSelector(expression('b', 'NotIn', '1'), labels), true);
  assert.equal(matchesLabelSelector(expression('a', 'Exists'), labels), true);
  assert.equal(matchesLabelSelector(expression('a', 'DoesNotExist'), labels), false);
});
