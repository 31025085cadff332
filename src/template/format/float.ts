/**
 * Text of floating-point numbers as Go's strconv writes it: shortest digits that read back the same, or a given
 * number of digits rounded half-to-even on the exact binary value.
 */

/** Significant digits and where the decimal point stands: value = 0.d1d2d3… × 10^point. */
interface Decimal {
  readonly digits: string;
  readonly point: number;
}

const EMPTY: Decimal = { digits: '', point: 0 };

/**
 * Formats like strconv.FormatFloat.
 * @param format e, E, f, g or G
 * @param precision digits after the point (e, f) or significant digits (g); -1 = as few as identify the number
 */
export function formatFloat(value: number, format: string, precision: number): string {
  if (Number.isNaN(value)) return 'NaN';
  const sign = value < 0 || Object.is(value, -0) ? '-' : '';
  const size = Math.abs(value);
  if (size === Infinity) return sign === '-' ? '-Inf' : '+Inf';
  if (precision < 0) return sign + formatShortest(shortest(size), format);
  return sign + formatExact(size, format, precision);
}

/** From this decimal exponent on, the shortest `g` form has an exponent: 999999 but 1e+06. */
const SHORTEST_EXPONENT = 6;

function formatShortest(decimal: Decimal, format: string): string {
  const { digits, point } = decimal;
  if (format === 'f') return plain(decimal, Math.max(digits.length - point, 0));
  if (format === 'e' || format === 'E') return exponent(decimal, Math.max(digits.length - 1, 0), format);
  const x = point - 1;
  if (digits !== '' && (x < -4 || x >= SHORTEST_EXPONENT)) return exponent(decimal, digits.length - 1, letter(format));
  return plain(decimal, Math.max(digits.length - point, 0));
}

function formatExact(size: number, format: string, precision: number): string {
  const all = exact(size);
  if (format === 'f') return plain(round(all, all.point + precision), precision);
  if (format === 'e' || format === 'E') return exponent(round(all, precision + 1), precision, format);
  const wanted = precision === 0 ? 1 : precision;
  const decimal = trimZeros(round(all, wanted));
  const x = decimal.point - 1;
  const limit =
    wanted > decimal.digits.length && decimal.digits.length >= decimal.point ? decimal.digits.length : wanted;
  if (decimal.digits !== '' && (x < -4 || x >= limit)) {
    return exponent(decimal, decimal.digits.length - 1, letter(format));
  }
  return plain(decimal, Math.max(decimal.digits.length - decimal.point, 0));
}

const letter = (format: string): string => (format === 'G' ? 'E' : 'e');

function plain({ digits, point }: Decimal, decimals: number): string {
  const whole = point > 0 ? digits.slice(0, point).padEnd(point, '0') : '0';
  if (decimals <= 0) return whole;
  const lead = point < 0 ? '0'.repeat(Math.min(-point, decimals)) : '';
  const rest = lead + digits.slice(Math.max(point, 0));
  return `${whole}.${rest.slice(0, decimals).padEnd(decimals, '0')}`;
}

function exponent({ digits, point }: Decimal, decimals: number, mark: string): string {
  const first = digits[0] ?? '0';
  const rest = decimals > 0 ? `.${digits.slice(1, decimals + 1).padEnd(decimals, '0')}` : '';
  const x = digits === '' ? 0 : point - 1;
  return `${first}${rest}${mark}${x < 0 ? '-' : '+'}${String(Math.abs(x)).padStart(2, '0')}`;
}

function shortest(size: number): Decimal {
  if (size === 0) return EMPTY;
  const [mantissa = '', power = '0'] = size.toExponential().split('e');
  return { digits: mantissa.replace('.', ''), point: Number(power) + 1 };
}

/** Every digit of the binary value. */
function exact(size: number): Decimal {
  if (size === 0) return EMPTY;
  const { mantissa, power } = binary(size);
  if (power >= 0) return trimZeros(fromInteger(mantissa << BigInt(power), 0));
  return trimZeros(fromInteger(mantissa * 5n ** BigInt(-power), power));
}

function fromInteger(n: bigint, power: number): Decimal {
  const digits = n.toString();
  return { digits, point: digits.length + power };
}

function trimZeros({ digits, point }: Decimal): Decimal {
  const trimmed = digits.replace(/0+$/, '');
  return trimmed === '' ? EMPTY : { digits: trimmed, point };
}

/** Keeps `count` digits, rounding half to even; the digits are known to be exact. */
function round(decimal: Decimal, count: number): Decimal {
  const { digits, point } = decimal;
  if (count < 0) return EMPTY;
  if (count >= digits.length) return decimal;
  const kept = digits.slice(0, count);
  if (!roundsUp(digits, count)) return trimZeros({ digits: kept, point });
  const up = (BigInt(kept === '' ? '0' : kept) + 1n).toString();
  return trimZeros({ digits: up.padStart(count, '0'), point: point + Math.max(up.length - count, 0) });
}

function roundsUp(digits: string, count: number): boolean {
  if (digits[count] === '5' && digits.length === count + 1) {
    return count > 0 && Number(digits[count - 1]) % 2 === 1;
  }
  return (digits[count] ?? '0') >= '5';
}

/** The value is mantissa × 2^power, the mantissa as stored. */
function binary(size: number): { mantissa: bigint; power: number } {
  const bits = new DataView(new ArrayBuffer(8));
  bits.setFloat64(0, size);
  const raw = bits.getBigUint64(0);
  const field = Number(raw >> 52n);
  return { mantissa: (raw & 0xfffffffffffffn) | (field === 0 ? 0n : 1n << 52n), power: Math.max(field, 1) - 1075 };
}

/** `%b`: decimal mantissa and power of two. */
export function formatBinary(value: number): string {
  if (!Number.isFinite(value)) return formatFloat(value, 'g', -1);
  const { mantissa, power } = binary(Math.abs(value));
  return `${value < 0 || Object.is(value, -0) ? '-' : ''}${mantissa}p${power < 0 ? '-' : '+'}${Math.abs(power)}`;
}

/** `%x`: hexadecimal mantissa of one digit before the point, and power of two. */
export function formatHex(value: number, verb: string, precision: number): string {
  if (!Number.isFinite(value)) return formatFloat(value, 'g', -1);
  let { mantissa, power } = binary(Math.abs(value));
  const width = mantissa === 0n ? 53 : mantissa.toString(2).length;
  mantissa <<= BigInt(53 - width);
  power = mantissa === 0n ? 0 : power - (53 - width) + 52;
  if (precision >= 0 && precision < 13) mantissa = roundBits(mantissa, 52 - 4 * precision);
  if (mantissa >> 53n) {
    mantissa >>= 1n;
    power++;
  }
  const digits = (mantissa & ((1n << 52n) - 1n)).toString(16).padStart(13, '0');
  const fraction = precision < 0 ? digits.replace(/0+$/, '') : digits.slice(0, precision).padEnd(precision, '0');
  const sign = value < 0 || Object.is(value, -0) ? '-' : '';
  const exponent = `p${power < 0 ? '-' : '+'}${String(Math.abs(power)).padStart(2, '0')}`;
  const text = `0x${mantissa >> 52n}${fraction === '' ? '' : `.${fraction}`}${exponent}`;
  return sign + (verb === 'X' ? text.toUpperCase() : text);
}

/** Clears the last `bits`, rounding half to even. */
function roundBits(mantissa: bigint, bits: number): bigint {
  const unit = 1n << BigInt(bits);
  const rest = mantissa & (unit - 1n);
  const floor = mantissa - rest;
  const half = unit >> 1n;
  const up = rest > half || (rest === half && (floor & unit) !== 0n);
  return up ? floor + unit : floor;
}
