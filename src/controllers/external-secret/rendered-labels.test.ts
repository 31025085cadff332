import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkLabelValues } from './rendered-labels.ts';

test('label values that Kubernetes takes pass', () => {
  checkLabelValues({ a: '', b: 'x', c: 'a.b_c-d', d: 'x'.repeat(63) });
});

test('others are refused by the name of the label, without the value', () => {
  for (const value of ['two words', '-a', 'a-', 'x'.repeat(64), 'line\n', 'ü']) {
    assert.throws(
      () => checkLabelValues({ good: 'x', 'team/app': value }),
      (error: Error) =>
        error.message.includes('"team/app"') && !error.message.includes(value) && !error.message.includes('"good"'),
    );
  }
});
