import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DurationError, formatDuration, parseDuration } from './duration.ts';

const HOUR = 3_600_000;

const readable: readonly (readonly [text: string, ms: number])[] = [
  ['0', 0],
  ['-0', 0],
  ['0s', 0],
  ['1h', HOUR],
  ['1h0m0s', HOUR],
  ['3m0s', 180_000],
  ['1h15m30.918273645s', HOUR + 930_918.273645],
  ['1.5h', 1.5 * HOUR],
  ['.5s', 500],
  ['1.s', 1000],
  ['250ms', 250],
  ['1us', 0.001],
  ['1µs', 0.001],
  ['1ns', 0.000001],
  ['+5s', 5000],
  ['-1m30s', -90_000],
  ['1s1h1s', HOUR + 2000],
  ['8760h', 8760 * HOUR],
  ['2562047h47m16.854775807s', 9223372036854.775],
];

for (const [text, ms] of readable) {
  test(`reads ${text} as ${ms} milliseconds`, () => assert.equal(parseDuration(text), ms));
}

const unreadable: readonly (readonly [text: string, cause: RegExp])[] = [
  ['', /write a number and a unit/],
  ['-', /write a number and a unit/],
  ['.', /write a number and a unit/],
  ['.s', /write a number and a unit/],
  ['30', /a unit is missing/],
  ['1h30', /a unit is missing/],
  ['1d', /unknown unit "d".*write days as hours/],
  ['1 h', /unknown unit " h"/],
  ['1hour', /unknown unit "hour"/],
  ['soon', /write a number and a unit/],
  ['--1s', /write a number and a unit/],
  ['2562047h47m16.854775808s', /longer than about 292 years/],
];

for (const [text, cause] of unreadable) {
  test(`refuses ${JSON.stringify(text)} and says why`, () => {
    assert.throws(
      () => parseDuration(text),
      (error: unknown) => error instanceof DurationError && error.text === text && cause.test(error.message),
    );
  });
}

const printed: readonly (readonly [ms: number, text: string])[] = [
  [0, '0s'],
  [HOUR, '1h0m0s'],
  [90_000, '1m30s'],
  [1500, '1.5s'],
  [250, '250ms'],
  [1.1, '1.1ms'],
  [0.0022, '2.2µs'],
  [0.000001, '1ns'],
  [-90_000, '-1m30s'],
  [100 * HOUR + 1, '100h0m0.001s'],
];

for (const [ms, text] of printed) {
  test(`prints ${ms} milliseconds as ${text}`, () => assert.equal(formatDuration(ms), text));
}
