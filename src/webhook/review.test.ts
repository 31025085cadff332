import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { answerTo, parseReview, ReviewError, type Verdict } from './review.ts';

const request = {
  uid: '1-2',
  kind: { group: 'g', version: 'v', kind: 'K' },
  operation: 'CREATE',
  object: { metadata: {} },
  oldObject: null,
};
const review = (apiVersion: string): string => JSON.stringify({ kind: 'AdmissionReview', apiVersion, request });
const allowed: Verdict = { allowed: true, code: 200, message: '', warnings: [] };

describe('an AdmissionReview', () => {
  for (const version of ['v1', 'v1beta1']) {
    test(`of ${version} is answered in ${version}`, () => {
      const apiVersion = `admission.k8s.io/${version}`;
      const read = parseReview(review(apiVersion));
      assert.deepEqual(JSON.parse(answerTo(read, allowed)), {
        kind: 'AdmissionReview',
        apiVersion,
        response: { uid: '1-2', allowed: true, status: { metadata: {}, code: 200 } },
      });
    });
  }

  test('that is refused says Forbidden and why', () => {
    const verdict: Verdict = { allowed: false, code: 403, message: 'a\nb', warnings: ['careful'] };
    const { response } = JSON.parse(answerTo(parseReview(review('admission.k8s.io/v1')), verdict)) as {
      response: unknown;
    };
    assert.deepEqual(response, {
      uid: '1-2',
      allowed: false,
      status: { metadata: {}, status: 'Failure', reason: 'Forbidden', code: 403, message: 'a\nb' },
      warnings: ['careful'],
    });
  });

  test('carries warnings that fit into a header', () => {
    const answer = answerTo(parseReview(review('admission.k8s.io/v1')), {
      ...allowed,
      warnings: ['it’s “so”\nand → so'],
    });
    const { response } = JSON.parse(answer) as { response: { warnings: readonly string[] } };
    assert.deepEqual(response.warnings, ['it\'s "so" and   so']);
  });
});

describe('what is no AdmissionReview is said without quoting it', () => {
  const cases: readonly [string, string, RegExp][] = [
    ['no JSON', '{"password": s3cret', /^the body is not JSON$/],
    ['another version', review('admission.k8s.io/v2'), /apiVersion/],
    ['another kind', JSON.stringify({ kind: 's3cret' }), /kind/],
    ['no request', JSON.stringify({ kind: 'AdmissionReview', apiVersion: 'admission.k8s.io/v1' }), /request/],
  ];
  for (const [name, body, message] of cases) {
    test(name, () => {
      assert.throws(
        () => parseReview(body),
        (error) => {
          assert.ok(error instanceof ReviewError);
          assert.match(error.message, message);
          assert.doesNotMatch(error.message, /s3cret/);
          return true;
        },
      );
    });
  }
});
