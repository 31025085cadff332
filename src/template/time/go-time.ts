/** Go's time.Time: a moment with nanoseconds, seen in a zone. */
import { duration } from '../functions/durations.ts';
import { GoInt, GoObject, int, int64, wrap64, type Method, type Value } from '../values.ts';
import { civilFromDays, dayOfYear, daysFromCivil, MONTHS, weekday, WEEKDAYS } from './calendar.ts';
import { formatTime } from './format.ts';
import { UTC, type Zone } from './zones.ts';

/** Seconds of 0001-01-01 00:00:00 UTC, the zero time. */
const ZERO_SECONDS = -62135596800;
const NANOS = 1_000_000_000n;

export interface Clock {
  readonly year: number;
  readonly month: number;
  readonly day: number;
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
  readonly nanosecond: number;
  readonly weekday: number;
  readonly yearDay: number;
  /** Seconds east of UTC. */
  readonly offset: number;
  readonly abbreviation: string;
}

export class GoTime extends GoObject {
  readonly type = 'time.Time';
  readonly kind = 'struct';
  /** Seconds since the epoch. */
  readonly seconds: number;
  readonly nanosecond: number;
  readonly zone: Zone;
  /** Reading of the monotonic clock in nanoseconds, which only `now` has. */
  readonly monotonic: bigint | undefined;
  /** What the method Local turns to. */
  readonly local: Zone;

  constructor(seconds: number, nanosecond: number, zone: Zone, local: Zone = UTC, monotonic?: bigint) {
    super();
    this.seconds = seconds;
    this.nanosecond = nanosecond;
    this.zone = zone;
    this.local = local;
    this.monotonic = monotonic;
  }

  /** What clocks and calendars of the zone show. */
  clock(): Clock {
    const { offset, abbreviation } = this.zone.at(this.seconds);
    const local = this.seconds + offset;
    const days = Math.floor(local / 86400);
    const inDay = local - days * 86400;
    const date = civilFromDays(days);
    return {
      ...date,
      hour: Math.floor(inDay / 3600),
      minute: Math.floor((inDay % 3600) / 60),
      second: inDay % 60,
      nanosecond: this.nanosecond,
      weekday: weekday(days),
      yearDay: dayOfYear(date),
      offset,
      abbreviation,
    };
  }

  /** Nanoseconds since the epoch. */
  nanoseconds(): bigint {
    return BigInt(this.seconds) * NANOS + BigInt(this.nanosecond);
  }

  in(zone: Zone): GoTime {
    return new GoTime(this.seconds, this.nanosecond, zone, this.local);
  }

  add(nanoseconds: bigint): GoTime {
    const sum = this.nanoseconds() + nanoseconds;
    const rest = ((sum % NANOS) + NANOS) % NANOS;
    return new GoTime(Number((sum - rest) / NANOS), Number(rest), this.zone, this.local);
  }

  override text(): string {
    const text = formatTime(this.clock(), '2006-01-02 15:04:05.999999999 -0700 MST');
    if (this.monotonic === undefined) return text;
    const fraction = (this.monotonic % NANOS).toString().padStart(9, '0');
    return `${text} m=+${this.monotonic / NANOS}.${fraction}`;
  }

  override json(): string {
    return formatTime(this.clock(), '2006-01-02T15:04:05.999999999Z07:00');
  }

  override equals(other: GoObject): boolean {
    return other instanceof GoTime && other.nanoseconds() === this.nanoseconds() && other.zone === this.zone;
  }

  override method(name: string): Method | undefined {
    const reading = READINGS.get(name);
    if (reading !== undefined) return { params: '', call: () => reading(this) };
    const comparison = COMPARISONS.get(name);
    if (comparison !== undefined) return { params: 'time.Time', call: (other: GoTime) => comparison(this, other) };
    if (name === 'Format') return { params: 'string', call: (layout: string) => formatTime(this.clock(), layout) };
    if (name !== 'AddDate') return undefined;
    return { params: 'int int int', call: (y: number, m: number, d: number) => addDate(this, y, m, d) };
  }
}

function addDate(time: GoTime, years: number, months: number, days: number): GoTime {
  const { year, month, day, hour, minute, second } = time.clock();
  const inDay = hour * 3600 + minute * 60 + second;
  return atLocal(
    daysFromCivil(year + years, month + months, day + days) * 86400 + inDay,
    time.nanosecond,
    time.zone,
    time.local,
  );
}

/** The moment when clocks of the zone show these seconds. */
export function atLocal(clock: number, nanosecond: number, zone: Zone, local: Zone = zone): GoTime {
  const first = zone.at(clock).offset;
  const guess = clock - first;
  const { offset } = zone.at(guess);
  const seconds = offset === first ? guess : clock - offset;
  return new GoTime(seconds, nanosecond, zone, local);
}

/** Go's zero time. */
export const ZERO_TIME = new GoTime(ZERO_SECONDS, 0, UTC);

const READINGS = new Map<string, (time: GoTime) => Value>([
  ['Year', (time) => int(time.clock().year)],
  ['Month', (time) => monthOf(time.clock().month)],
  ['Day', (time) => int(time.clock().day)],
  ['Hour', (time) => int(time.clock().hour)],
  ['Minute', (time) => int(time.clock().minute)],
  ['Second', (time) => int(time.clock().second)],
  ['Nanosecond', (time) => int(time.nanosecond)],
  ['Weekday', (time) => weekdayOf(time.clock().weekday)],
  ['YearDay', (time) => int(time.clock().yearDay)],
  ['Unix', (time) => int64(time.seconds)],
  ['UnixMilli', (time) => int64(floorDivide(time.nanoseconds(), 1_000_000n))],
  ['UnixMicro', (time) => int64(floorDivide(time.nanoseconds(), 1_000n))],
  ['UnixNano', (time) => int64(wrap64(time.nanoseconds()))],
  ['UTC', (time) => time.in(UTC)],
  ['Local', (time) => time.in(time.local)],
  ['IsZero', (time) => time.seconds === ZERO_SECONDS && time.nanosecond === 0],
  ['String', (time) => time.text()],
]);

const COMPARISONS = new Map<string, (a: GoTime, b: GoTime) => Value>([
  ['Sub', (a, b) => duration(saturated(a.nanoseconds() - b.nanoseconds()))],
  ['Before', (a, b) => a.nanoseconds() < b.nanoseconds()],
  ['After', (a, b) => a.nanoseconds() > b.nanoseconds()],
  ['Equal', (a, b) => a.nanoseconds() === b.nanoseconds()],
  ['Compare', (a, b) => int(a.nanoseconds() < b.nanoseconds() ? -1 : a.nanoseconds() > b.nanoseconds() ? 1 : 0)],
]);

const floorDivide = (a: bigint, b: bigint): bigint => (a - (((a % b) + b) % b)) / b;

function saturated(nanoseconds: bigint): bigint {
  const limit = 2n ** 63n;
  return nanoseconds >= limit ? limit - 1n : nanoseconds < -limit ? -limit : nanoseconds;
}

const monthOf = (month: number): GoInt => new GoInt('time.Month', BigInt(month), MONTHS[month - 1]);
const weekdayOf = (day: number): GoInt => new GoInt('time.Weekday', BigInt(day), WEEKDAYS[day]);
