/** Go's time.Duration: nanoseconds with a text form such as `1h2m3.5s`. */
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

/** Nanoseconds of a Go duration text; undefined = not one. */
export function parseDuration(text: string): bigint | undefined {
  const [, sign, body = ''] = /^([+-]?)(.*)$/s.exec(text) ?? [];
  if (body === '0') return 0n;
  const pattern = /(\d*)(?:\.(\d*))?([^\d.]+)/y;
  let total = 0n;
  let at = 0;
  while (at < body.length) {
    pattern.lastIndex = at;
    const [all = '', whole = '', fraction = '', unit = ''] = pattern.exec(body) ?? [];
    const scale = UNITS.get(unit);
    if (scale === undefined || whole + fraction === '') return undefined;
    total += BigInt(whole) * scale + fractionOf(fraction, scale);
    at += all.length;
  }
  if (body === '' || total > LARGEST + (sign === '-' ? 1n : 0n)) return undefined;
  return sign === '-' ? -total : total;
}

function fractionOf(fraction: string, scale: bigint): bigint {
  const digits = fraction.slice(0, 18);
  return digits === '' ? 0n : (BigInt(digits) * scale) / 10n ** BigInt(digits.length);
}

const DURATION_METHODS = new Map<string, (nanoseconds: bigint) => number | string | bigint>([
  ['Hours', (n: bigint) => Number(n) / 3.6e12],
  ['Minutes', (n: bigint) => Number(n) / 6e10],
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
