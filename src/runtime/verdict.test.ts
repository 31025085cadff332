import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { RetryAfterError, TerminalError } from './errors.ts';
import { judge, type ErrorRules } from './verdict.ts';

class Conflict extends Error {}
class Outage extends Error {}
class Throttled extends Error {
  readonly retryAfterMs: number | undefined;
  constructor(retryAfterMs?: number) {
    super('throttled');
    this.retryAfterMs = retryAfterMs;
  }
}

const rules: ErrorRules = {
  isConflict: (error) => error instanceof Conflict,
  isOutage: (error) => error instanceof Outage,
};
const wrap = (cause: unknown): Error => new Error('while syncing', { cause });

const cases: readonly [string, unknown, ReturnType<typeof judge>][] = [
  [
    'a terminal error is terminal',
    new TerminalError('InvalidSpec', 'no such key'),
    { kind: 'terminal', reason: 'InvalidSpec', retryAfterMs: undefined },
  ],
  [
    'a terminal error may say when to look again',
    new TerminalError('InvalidSpec', 'no such key', { retryAfterMs: 5 }),
    { kind: 'terminal', reason: 'InvalidSpec', retryAfterMs: 5 },
  ],
  [
    'a terminal error stays terminal whatever caused it',
    new TerminalError('Denied', 'denied', { cause: new Throttled(9) }),
    { kind: 'terminal', reason: 'Denied', retryAfterMs: undefined },
  ],
  ['an error with a time waits that long', new RetryAfterError('later', 7000), { kind: 'wait', ms: 7000 }],
  ['so does any error family that carries a time', new Throttled(42), { kind: 'wait', ms: 42 }],
  ['a throttling without a time is a failure', new Throttled(), { kind: 'failure', bug: false }],
  ['a time that is no number is a failure', new Throttled(Number.NaN), { kind: 'failure', bug: false }],
  ['a conflict is a conflict, also as a cause', wrap(new Conflict()), { kind: 'conflict' }],
  ['an outage is an outage, also as a cause of a cause', wrap(wrap(new Outage())), { kind: 'outage' }],
  ['anything else is a failure', new Error('no'), { kind: 'failure', bug: false }],
  ['a TypeError is a failure and a bug', new TypeError('x is not a function'), { kind: 'failure', bug: true }],
  ['so is what is no error at all', 'text', { kind: 'failure', bug: true }],
];

describe('what happens after an error', () => {
  for (const [name, error, verdict] of cases) it(name, () => assert.deepEqual(judge(error, rules), verdict));

  it('is decided even when causes go in a circle', () => {
    const error = new Error('a');
    error.cause = error;
    assert.deepEqual(judge(error, {}), { kind: 'failure', bug: false });
  });
});
