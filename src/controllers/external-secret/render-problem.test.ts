import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TemplateError } from '../../template/index.ts';
import { renderProblem } from './render-problem.ts';

test('only a template that exceeds its limits is not worth another attempt', () => {
  const named = (cause: Error): Error => new Error(`template.data["x"]: ${cause.message}`, { cause });
  for (const [reason, permanent] of [
    ['template', false],
    ['budget', true],
    ['deadline', true],
    ['output', true],
  ] as const) {
    const problem = renderProblem(named(new TemplateError('exec', 'why', undefined, reason)));
    assert.deepEqual([problem.step, problem.permanent], ['render', permanent], reason);
    assert.equal(problem.message, 'template.data["x"]: why');
  }
  assert.equal(renderProblem(new Error('ConfigMap "x" not found')).permanent, false);
});
