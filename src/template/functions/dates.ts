/** Dates. "Local" is the zone the caller gave, UTC unless told otherwise. */
import { Failure } from '../errors.ts';
import { defineWith, type Runtime } from '../signature.ts';
import { formatTime } from '../time/format.ts';
import { GoTime, ZERO_TIME } from '../time/go-time.ts';
import { parseTime } from '../time/parse.ts';
import { UTC, zoneNamed, type Zone } from '../time/zones.ts';
import { GoInt, type GoObject, type Value } from '../values.ts';
import { formatDuration, parseDuration } from './durations.ts';

function localZone(runtime: Runtime): Zone {
  return zoneNamed(runtime.timeZone) ?? UTC;
}

function now(runtime: Runtime): GoTime {
  const ms = runtime.now();
  const seconds = Math.floor(ms / 1000);
  const nanosecond = Math.round((ms - seconds * 1000) * 1e6);
  const monotonic = BigInt(Math.round(performance.now() * 1e6));
  return new GoTime(seconds, nanosecond, localZone(runtime), localZone(runtime), monotonic);
}

const UNIX_TYPES: ReadonlySet<string> = new Set(['int', 'int64', 'int32']);

/** A time, or Unix seconds; anything else means now. */
function timeFrom(runtime: Runtime, value: Value): GoTime {
  if (value instanceof GoTime) return value;
  if (value instanceof GoInt && UNIX_TYPES.has(value.type))
    return new GoTime(Number(value.value), 0, localZone(runtime), localZone(runtime));
  return now(runtime);
}

function dateIn(runtime: Runtime, layout: string, value: Value, zone: string): string {
  const found = zone === 'Local' ? localZone(runtime) : zoneNamed(zone);
  return formatTime(
    timeFrom(runtime, value)
      .in(found ?? UTC)
      .clock(),
    layout,
  );
}

function toDate(runtime: Runtime, layout: string, text: string): Value {
  try {
    return parseTime(layout, text, localZone(runtime));
  } catch (error) {
    if (error instanceof Failure) return ZERO_TIME;
    throw error;
  }
}

function modify(text: string, time: GoObject, must: boolean): Value {
  try {
    const nanoseconds = parseDuration(text);
    return time instanceof GoTime ? time.add(nanoseconds) : time;
  } catch (error) {
    if (must || !(error instanceof Failure)) throw error;
    return time;
  }
}

function since(runtime: Runtime, time: GoTime): bigint {
  return now(runtime).nanoseconds() - time.nanoseconds();
}

/** Rounds half away from zero to whole seconds. */
function toSeconds(nanoseconds: bigint): bigint {
  const second = 1_000_000_000n;
  const half = nanoseconds < 0n ? -500_000_000n : 500_000_000n;
  return ((nanoseconds + half) / second) * second;
}

function durationText(value: Value): string {
  if (value instanceof GoInt && value.type === 'int64')
    return formatDuration(BigInt.asIntN(64, value.value * 1_000_000_000n));
  const seconds = typeof value === 'string' && /^[+-]?\d+$/.test(value) ? clampedInt64(value) : 0n;
  return formatDuration(BigInt.asIntN(64, seconds * 1_000_000_000n));
}

/** What is beyond an int64 becomes its limit, as when Go reads a number and ignores the error. */
function clampedInt64(digits: string): bigint {
  const value = BigInt(digits.slice(0, 40).replace('+', ''));
  const largest = 2n ** 63n - 1n;
  return value > largest ? largest : value < -largest - 1n ? -largest - 1n : value;
}

const HOUR = 3_600_000_000_000n;
const UNITS: readonly (readonly [bigint, string])[] = [
  [HOUR * 24n * 365n, 'y'],
  [HOUR * 24n * 30n, 'mo'],
  [HOUR * 24n, 'd'],
  [HOUR, 'h'],
  [HOUR / 60n, 'm'],
  [HOUR / 3600n, 's'],
];

/** The largest unit that is strictly exceeded. */
function rounded(runtime: Runtime, value: Value): string {
  const nanoseconds = durationFrom(runtime, value);
  const size = nanoseconds < 0n ? -nanoseconds : nanoseconds;
  const unit = UNITS.find(([length]) => size > length);
  return unit === undefined ? '0s' : `${size / unit[0]}${unit[1]}`;
}

function durationFrom(runtime: Runtime, value: Value): bigint {
  if (typeof value === 'string') return durationOrZero(value);
  if (value instanceof GoTime) return since(runtime, value);
  return value instanceof GoInt && value.type === 'int64' ? value.value : 0n;
}

function durationOrZero(text: string): bigint {
  try {
    return parseDuration(text);
  } catch (error) {
    if (error instanceof Failure) return 0n;
    throw error;
  }
}

const ISO_DATE = '2006-01-02';

export const dateFunctions = [
  ...defineWith('now', '', now),
  ...defineWith('date', 'string any', (runtime, layout, t) => dateIn(runtime, layout, t, 'Local')),
  ...defineWith('dateInZone date_in_zone', 'string any string', dateIn),
  ...defineWith('htmlDate', 'any', (runtime, t) => dateIn(runtime, ISO_DATE, t, 'Local')),
  ...defineWith('htmlDateInZone', 'any string', (runtime, t, zone) => dateIn(runtime, ISO_DATE, t, zone)),
  ...defineWith('toDate', 'string string', toDate),
  ...defineWith('mustToDate', 'string string', (runtime, layout, s) => parseTime(layout, s, localZone(runtime))),
  ...defineWith('dateModify date_modify', 'string time.Time', (_runtime, d, t) => modify(d, t, false)),
  ...defineWith('mustDateModify must_date_modify', 'string time.Time', (_runtime, d, t) => modify(d, t, true)),
  ...defineWith('duration', 'any', (_runtime, v) => durationText(v)),
  ...defineWith('durationRound', 'any', rounded),
  ...defineWith('ago', 'any', (runtime, v) => formatDuration(toSeconds(since(runtime, timeFrom(runtime, v))))),
  ...defineWith('unixEpoch', 'time.Time', (_runtime, t) => (t instanceof GoTime ? String(t.seconds) : '')),
];
