import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  AlreadyExistsError,
  ConflictError,
  DeniedError,
  GoneError,
  InvalidError,
  KubeError,
  NotFoundError,
  TooManyRequestsError,
  UnreachableError,
} from './errors.ts';
import { errorFromAnswer, errorFromEvent } from './status.ts';

const status = (code: number, reason: string, details?: object): object => ({
  kind: 'Status',
  status: 'Failure',
  message: `it was ${reason}`,
  reason,
  code,
  details,
});

const table: readonly [number, string, typeof KubeError][] = [
  [400, 'BadRequest', InvalidError],
  [401, 'Unauthorized', DeniedError],
  [403, 'Forbidden', DeniedError],
  [404, 'NotFound', NotFoundError],
  [405, 'MethodNotAllowed', KubeError],
  [409, 'AlreadyExists', AlreadyExistsError],
  [409, 'Conflict', ConflictError],
  [410, 'Expired', GoneError],
  [413, 'RequestEntityTooLarge', InvalidError],
  [422, 'Invalid', InvalidError],
  [429, 'TooManyRequests', TooManyRequestsError],
  [500, 'InternalError', UnreachableError],
  [503, 'ServiceUnavailable', UnreachableError],
  [504, 'Timeout', UnreachableError],
];
for (const [code, reason, kind] of table) {
  test(`${code} ${reason} becomes ${kind.name} with the server's message`, () => {
    const error = errorFromAnswer(code, status(code, reason));
    assert.equal(error.constructor, kind);
    assert.deepEqual([error.status, error.reason, error.message], [code, reason, `it was ${reason}`]);
  });
}

test('the Retry-After header wins over the details, and either is in seconds', () => {
  const details = { retryAfterSeconds: 5 };
  assert.equal(errorFromAnswer(429, status(429, 'TooManyRequests', details), '7').retryAfterMs, 7000);
  assert.equal(errorFromAnswer(429, status(429, 'TooManyRequests', details)).retryAfterMs, 5000);
});

test('429 without a time asks for one second', () => {
  assert.equal(errorFromAnswer(429, undefined).retryAfterMs, 1000);
});

test('503 with a time is a server that asks for patience', () => {
  assert.ok(errorFromAnswer(503, status(503, 'ServiceUnavailable'), '3') instanceof TooManyRequestsError);
});

test('a body that is no Status gives a stable message without the body', () => {
  assert.equal(errorFromAnswer(502, '<html>proxy 4711</html>').message, 'API server answered 502');
});

test('an ERROR event is classified by the code in its Status', () => {
  assert.ok(errorFromEvent(status(410, 'Expired')) instanceof GoneError);
  assert.ok(errorFromEvent({ nonsense: true }) instanceof UnreachableError);
});
