/**
 * Durations as users write them: Go's text form (`1h30m`, `1h0m0s`, `250ms`; there are no days). They are kept as text
 * in objects and become milliseconds here.
 */

/** A text that is no duration. The message quotes it and says what is allowed. */
export class DurationError extends Error {
  override readonly name = 'DurationError';
  readonly text: string;

  constructor(text: string, cause: string) {
    super(`${JSON.stringify(text)} is not a duration: ${cause}`);
    this.text = text;
  }
}

const NANOSECONDS: ReadonlyMap<string, bigint> = new Map([
  ['ns', 1n],
  ['us', 1_000n],
  ['µs', 1_000n],
  ['μs', 1_000n],
  ['ms', 1_000_000n],
  ['s', 1_000_000_000n],
  ['m', 60_000_000_000n],
  ['h', 3_600_000_000_000n],
]);
const NS_PER_MS = 1_000_000n;
const LONGEST = 2n ** 63n;
const PART = /([0-9]*)(?:\.([0-9]*))?([^0-9.]*)/y;
const EXAMPLE = 'write a number and a unit, e.g. "90s", "1h30m"';

/**
 * Reads a duration the way Go's `time.ParseDuration` does; `"0"` alone needs no unit.
 * @returns milliseconds; what is finer than a millisecond is kept as the fraction. May be negative.
 * @throws DurationError
 */
export function parseDuration(text: string): number {
  const negative = text.startsWith('-');
  const unsigned = /^[+-]/.test(text) ? text.slice(1) : text;
  const total = unsigned === '0' ? 0n : sumOfParts(unsigned, text);
  if (total > LONGEST || (total === LONGEST && !negative)) {
    throw new DurationError(text, 'it is longer than about 292 years');
  }
  const ms = Number(total / NS_PER_MS) + Number(total % NS_PER_MS) / 1e6;
  return negative && ms !== 0 ? -ms : ms;
}

function sumOfParts(unsigned: string, text: string): bigint {
  if (unsigned === '') throw new DurationError(text, EXAMPLE);
  let total = 0n;
  PART.lastIndex = 0;
  while (PART.lastIndex < unsigned.length) {
    const [, whole = '', fraction = '', unit = ''] = PART.exec(unsigned) ?? [];
    if (whole === '' && fraction === '') throw new DurationError(text, EXAMPLE);
    total += nanoseconds(whole, fraction, unit, text);
  }
  return total;
}

function nanoseconds(whole: string, fraction: string, unit: string, text: string): bigint {
  const size = NANOSECONDS.get(unit);
  if (size === undefined) throw new DurationError(text, unitProblem(unit));
  return BigInt(whole === '' ? '0' : whole) * size + (BigInt(`0${fraction}`) * size) / 10n ** BigInt(fraction.length);
}

function unitProblem(unit: string): string {
  if (unit === '') return 'a unit is missing (ns, us, ms, s, m or h)';
  const hint = /^d(ays?)?$/.test(unit) ? '; write days as hours, e.g. "24h"' : '';
  return `unknown unit ${JSON.stringify(unit)} (units are ns, us, ms, s, m, h${hint})`;
}

/** Writes milliseconds the way Go prints a `time.Duration`: `1h0m0s`, `1.5s`, `250ms`, `0s`. */
export function formatDuration(ms: number): string {
  const whole = Math.trunc(ms);
  const total = BigInt(whole) * NS_PER_MS + BigInt(Math.round((ms - whole) * 1e6));
  const size = total < 0n ? -total : total;
  return (total < 0n ? '-' : '') + (size < 1_000_000_000n ? belowOneSecond(size) : hoursToSeconds(size));
}

function belowOneSecond(ns: bigint): string {
  if (ns === 0n) return '0s';
  if (ns < 1_000n) return `${ns}ns`;
  return ns < NS_PER_MS ? `${decimal(ns, 1_000n)}µs` : `${decimal(ns, NS_PER_MS)}ms`;
}

function hoursToSeconds(ns: bigint): string {
  const minute = 60_000_000_000n;
  const minutes = ns / minute;
  const seconds = `${decimal(ns % minute, 1_000_000_000n)}s`;
  if (minutes === 0n) return seconds;
  return minutes < 60n ? `${minutes}m${seconds}` : `${minutes / 60n}h${minutes % 60n}m${seconds}`;
}

/** `value / unit` (a power of ten) without trailing zeros. */
function decimal(value: bigint, unit: bigint): string {
  const digits = unit.toString().length - 1;
  const fraction = (value % unit).toString().padStart(digits, '0').replace(/0+$/, '');
  return fraction === '' ? `${value / unit}` : `${value / unit}.${fraction}`;
}

/** What is wrong with a field that holds a duration, as a sentence in a list; empty when it is absent or fine. */
export function durationProblem(field: string, text: string | undefined): readonly string[] {
  if (text === undefined) return [];
  try {
    parseDuration(text);
    return [];
  } catch (error) {
    if (error instanceof DurationError) return [`${field}: ${error.message}`];
    throw error;
  }
}
