/** Go's time.Duration: nanoseconds with a text form such as `1h2m3.5s`. */
import { failure, value as hidden, type Failure } from '../errors.ts';
import { GoInt, wrap64, type Method } from '../values.ts';

const UNITS: ReadonlyMap<string, bigint> = new Map([
  ['ns', 1n],
  ['us', 1_000n],
  ['\xc2\xb5s', 1_000n],
  ['\xce\xbcs', 1_000n],
  ['ms', 1_000_000n],
  ['s', 1_000_000_000n],
  ['m', 60_000_000_000n],
  ['h', 3_600_000_000_000n],
]);

const SECOND = 1_000_000_000n;
const MINUTE = 60n * SECOND;
const HOUR = 60n * MINUTE;
const LARGEST = 2n ** 63n - 1n;

export function duration(nanoseconds: bigint): GoInt {
  const value = wrap64(nanoseconds);
  return new GoInt('time.Duration', value, formatDuration(value));
}

/** Text of a duration: `1h0m0s`, `1.5s`, `300ms`, `0s`. */
export function formatDuration(nanoseconds: bigint): string {
  if (nanoseconds === 0n) return '0s';
  const sign = nanoseconds < 0n ? '-' : '';
  const size = nanoseconds < 0n ? -nanoseconds : nanoseconds;
  if (size < SECOND) return sign + fractionOfSecond(size);
  const minutes = size / (60n * SECOND);
  const seconds = decimal(size % (60n * SECOND), 9);
  const hours = minutes / 60n;
  const hoursText = hours > 0n ? `${hours}h` : '';
  const minutesText = minutes > 0n ? `${minutes % 60n}m` : '';
  return `${sign}${hoursText}${minutesText}${seconds}s`;
}

function fractionOfSecond(size: bigint): string {
  if (size < 1_000n) return `${size}ns`;
  return size < 1_000_000n ? `${decimal(size, 3)}\xc2\xb5s` : `${decimal(size, 6)}ms`;
}

/** `size` / 10^places without trailing zeros. */
function decimal(size: bigint, places: number): string {
  const unit = 10n ** BigInt(places);
  const fraction = (size % unit).toString().padStart(places, '0').replace(/0+$/, '');
  return fraction === '' ? `${size / unit}` : `${size / unit}.${fraction}`;
}

/** Nanoseconds of a Go duration text. @throws Failure */
export function parseDuration(text: string): bigint {
  const invalid = (): Failure => failure`time: invalid duration ${hidden(quoteBytes(text))}`;
  const body = text.replace(/^[+-]/, '');
  if (body === '0') return 0n;
  if (body === '') throw invalid();
  let total = 0n;
  for (let at = 0; at < body.length;) {
    const part = PART.exec(body.slice(at));
    const [all = '', whole = '', fraction = '', unit = ''] = part ?? [];
    if (part === null || whole + fraction === '' || BigInt(whole) > LARGEST + 1n) throw invalid();
    if (unit === '') throw failure`time: missing unit in duration ${hidden(quoteBytes(text))}`;
    const scale = UNITS.get(unit);
    if (scale === undefined) {
      throw failure`time: unknown unit ${hidden(quoteBytes(unit))} in duration ${hidden(quoteBytes(text))}`;
    }
    total += BigInt(whole) * scale + fractionOf(fraction, scale);
    if (total > LARGEST + 1n) throw invalid();
    at += all.length;
  }
  if (!text.startsWith('-') && total > LARGEST) throw invalid();
  return text.startsWith('-') ? -total : total;
}

/** A number, as far as there is one, and its unit. */
const PART = /^(?=[\d.])(\d*)(?:\.(\d*))?([^\d.]*)/s;

/** The fraction in floating point, and of digits as many as an int64 holds, as Go does it. */
function fractionOf(fraction: string, scale: bigint): bigint {
  let digits = 0n;
  let size = 1;
  for (const digit of fraction) {
    if (digits > LARGEST / 10n || digits * 10n + BigInt(digit) > LARGEST + 1n) break;
    digits = digits * 10n + BigInt(digit);
    size *= 10;
  }
  return BigInt(Math.trunc(Number(digits) * (Number(scale) / size)));
}

/** As package time quotes: every byte beyond ASCII by its code. */
function quoteBytes(text: string): string {
  const escaped = text.replaceAll(/["\\]|[^ -\x7f]/g, (byte) => {
    return byte === '"' || byte === '\\' ? `\\${byte}` : `\\x${byte.charCodeAt(0).toString(16).padStart(2, '0')}`;
  });
  return `"${escaped}"`;
}

const DURATION_METHODS = new Map<string, (nanoseconds: bigint) => number | string | bigint>([
  ['Hours', (n: bigint) => Number(n / HOUR) + Number(n % HOUR) / 3.6e12],
  ['Minutes', (n: bigint) => Number(n / MINUTE) + Number(n % MINUTE) / 6e10],
  ['Seconds', (n: bigint) => Number(n / SECOND) + Number(n % SECOND) / 1e9],
  ['Milliseconds', (n: bigint) => n / 1_000_000n],
  ['Microseconds', (n: bigint) => n / 1_000n],
  ['Nanoseconds', (n: bigint) => n],
  ['String', (n: bigint) => formatDuration(n)],
]);

/** Methods of the named integer types: durations, months, weekdays. */
export function namedIntMethod(value: GoInt, name: string): Method | undefined {
  if (value.type !== 'time.Duration') {
    const { text } = value;
    return name === 'String' && text !== undefined ? { params: '', call: () => text } : undefined;
  }
  const method = DURATION_METHODS.get(name);
  if (method === undefined) return undefined;
  return {
    params: '',
    call: () => {
      const result = method(value.value);
      return typeof result === 'bigint' ? new GoInt('int64', result) : result;
    },
  };
}
