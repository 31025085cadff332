/** Reads compiled time-zone files (TZif, RFC 9636) and the rule at their end for times beyond the table. */
import { daysFromCivil, weekday, civilFromDays, daysIn } from './calendar.ts';

/** What clocks show from some moment on. */
export interface ZoneTime {
  /** Seconds east of UTC. */
  readonly offset: number;
  readonly abbreviation: string;
  readonly dst: boolean;
}

export interface ZoneTable {
  /** Seconds since the epoch, ascending, and what holds from then on. */
  readonly transitions: readonly number[];
  readonly after: readonly ZoneTime[];
  readonly initial: ZoneTime;
  /** For times after the last transition. */
  readonly rule: Rule | undefined;
}

interface Rule {
  readonly standard: ZoneTime;
  readonly summer?: ZoneTime;
  readonly start: string;
  readonly end: string;
}

const HEADER = 44;

/** Parses a file's bytes; undefined = not a file of version 2 or later. */
export function parseZoneFile(file: Buffer): ZoneTable | undefined {
  if (file.toString('latin1', 0, 4) !== 'TZif' || file[4] === 0) return undefined;
  const first = counts(file, 0);
  const second = HEADER + blockSize(first, 4);
  return parseBlock(file, second);
}

interface Counts {
  readonly isUt: number;
  readonly isStd: number;
  readonly leap: number;
  readonly times: number;
  readonly types: number;
  readonly chars: number;
}

function counts(file: Buffer, at: number): Counts {
  const [isUt = 0, isStd = 0, leap = 0, times = 0, types = 0, chars = 0] = [20, 24, 28, 32, 36, 40].map((offset) =>
    file.readUInt32BE(at + offset),
  );
  return { isUt, isStd, leap, times, types, chars };
}

function blockSize({ isUt, isStd, leap, times, types, chars }: Counts, width: number): number {
  return times * width + times + types * 6 + chars + leap * (width + 4) + isStd + isUt;
}

function parseBlock(file: Buffer, at: number): ZoneTable {
  const sizes = counts(file, at);
  const timesAt = at + HEADER;
  const indexesAt = timesAt + sizes.times * 8;
  const typesAt = indexesAt + sizes.times;
  const charsAt = typesAt + sizes.types * 6;
  const types = Array.from({ length: sizes.types }, (_, i) => zoneTime(file, typesAt + i * 6, charsAt));
  const initial = types.find((type) => !type.dst) ?? types[0] ?? { offset: 0, abbreviation: 'UTC', dst: false };
  const footer = file.toString('latin1', at + HEADER + blockSize(sizes, 8)).trim();
  return {
    transitions: Array.from({ length: sizes.times }, (_, i) => Number(file.readBigInt64BE(timesAt + i * 8))),
    after: Array.from({ length: sizes.times }, (_, i) => types[file[indexesAt + i] ?? 0] ?? initial),
    initial,
    rule: parseRule(footer),
  };
}

function zoneTime(file: Buffer, at: number, charsAt: number): ZoneTime {
  const start = charsAt + (file[at + 5] ?? 0);
  const abbreviation = file.toString('latin1', start, file.indexOf(0, start));
  return { offset: file.readInt32BE(at), abbreviation, dst: file[at + 4] === 1 };
}

const NAME = '(<[^>]+>|[A-Za-z]+)';
const OFFSET = '([+-]?\\d+(?::\\d+)?(?::\\d+)?)';
const RULE = new RegExp(`^${NAME}${OFFSET}(?:${NAME}${OFFSET}?(?:,([^,]+),([^,]+))?)?$`);

function parseRule(text: string): Rule | undefined {
  const [all, name = '', offset = '', summer, summerOffset, start, end] = RULE.exec(text) ?? [];
  if (all === undefined) return undefined;
  const standard = { offset: -clock(offset), abbreviation: bare(name), dst: false };
  if (summer === undefined) return { standard, start: '', end: '' };
  const east = summerOffset === undefined ? standard.offset + 3600 : -clock(summerOffset);
  const inSummer = { offset: east, abbreviation: bare(summer), dst: true };
  return { standard, summer: inSummer, start: start ?? 'M3.2.0', end: end ?? 'M11.1.0' };
}

const bare = (name: string): string => name.replace(/[<>]/g, '');

/** Seconds of `h[:m[:s]]` with a sign. */
function clock(text: string): number {
  const [hours = 0, minutes = 0, seconds = 0] = text.replace(/^[+-]/, '').split(':').map(Number);
  return (text.startsWith('-') ? -1 : 1) * (hours * 3600 + minutes * 60 + seconds);
}

/** What clocks of the zone show at a moment. */
export function zoneTimeAt(table: ZoneTable, seconds: number): ZoneTime {
  const last = table.transitions.at(-1);
  if (table.rule !== undefined && (last === undefined || seconds >= last)) return byRule(table.rule, seconds);
  let low = 0;
  let high = table.transitions.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((table.transitions[middle] ?? 0) <= seconds) low = middle + 1;
    else high = middle;
  }
  return table.after[low - 1] ?? table.initial;
}

function byRule({ standard, summer, start, end }: Rule, seconds: number): ZoneTime {
  if (summer === undefined) return standard;
  const { year } = civilFromDays(Math.floor((seconds + standard.offset) / 86400));
  const begins = momentOf(start, year) - standard.offset;
  const ends = momentOf(end, year) - summer.offset;
  const inSummer = begins < ends ? seconds >= begins && seconds < ends : seconds >= begins || seconds < ends;
  return inSummer ? summer : standard;
}

/** Local seconds since the epoch of a rule such as `M3.5.0/2`. */
function momentOf(rule: string, year: number): number {
  const [date = '', time = '2'] = rule.split('/');
  return dayOf(date, year) * 86400 + clock(time);
}

function dayOf(date: string, year: number): number {
  const first = daysFromCivil(year, 1, 1);
  if (date.startsWith('J')) {
    const n = Number(date.slice(1));
    const leap = daysIn(year, 2) === 29 && n >= 60;
    return first + n - (leap ? 0 : 1);
  }
  if (!date.startsWith('M')) return first + Number(date);
  const [month = 1, week = 1, day = 0] = date.slice(1).split('.').map(Number);
  const monthStart = daysFromCivil(year, month, 1);
  const offset = (day - weekday(monthStart) + 7) % 7;
  const found = offset + (week - 1) * 7;
  return monthStart + (found >= daysIn(year, month) ? found - 7 : found);
}
