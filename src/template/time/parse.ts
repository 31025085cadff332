/** Reads a time by a layout, as Go's time.ParseInLocation. */
import { failure, value as hidden, type Failure } from '../errors.ts';
import { quote } from '../format/quote.ts';
import { daysFromCivil, daysIn, MONTHS, WEEKDAYS } from './calendar.ts';
import { atLocal, GoTime } from './go-time.ts';
import { layoutPieces, type LayoutPiece } from './layout.ts';
import { fixedZone, UTC, type Zone } from './zones.ts';

/** Parses `text`; without a zone in it, clocks of `local` are meant. @throws Failure */
export function parseTime(layout: string, text: string, local: Zone): GoTime {
  return new TimeParser(layout, text).run(local);
}

class TimeParser {
  private readonly layout: string;
  private readonly text: string;
  private readonly pieces: readonly LayoutPiece[];
  private rest: string;
  private year = 0;
  private month: number | undefined;
  private day: number | undefined;
  private yearDay: number | undefined;
  private hour = 0;
  private minute = 0;
  private second = 0;
  private nanosecond = 0;
  private half: 'AM' | 'PM' | undefined;
  private zone: Zone | undefined;
  private offset: number | undefined;
  private zoneName = '';

  constructor(layout: string, text: string) {
    this.layout = layout;
    this.text = text;
    this.rest = text;
    this.pieces = layoutPieces(layout);
  }

  run(local: Zone): GoTime {
    this.pieces.forEach((piece, i) => this.piece(piece, this.pieces[i + 1]));
    if (this.rest !== '') throw this.error(': extra text');
    this.settleHour();
    const [month, day] = this.settleDate();
    const days = daysFromCivil(this.year, month, day);
    return this.place(days * 86400 + this.hour * 3600 + this.minute * 60 + this.second, local);
  }

  private error(detail: string): Failure {
    return failure`parsing time ${hidden(quote(this.text))} as ${hidden(quote(this.layout))}${hidden(detail)}`;
  }

  private mismatch(piece: string): Failure {
    return this.error(`: cannot parse ${quote(this.rest)} as ${quote(piece)}`);
  }

  private outOfRange(what: string): Failure {
    return this.error(`: ${what} out of range`);
  }

  private piece(piece: LayoutPiece, next: LayoutPiece | undefined): void {
    switch (piece.token) {
      case 'text':
        return this.literal(piece.text);
      case 'year4':
        this.year = this.take(/^\d{4}/, piece.text);
        return undefined;
      case 'year2':
        this.year = this.take(/^\d{2}/, piece.text);
        this.year += this.year >= 69 ? 1900 : 2000;
        return undefined;
      case 'monthLong':
      case 'monthShort':
        this.month = 1 + this.name(MONTHS, piece);
        return undefined;
      case 'weekdayLong':
      case 'weekdayShort':
        this.name(WEEKDAYS, piece);
        return undefined;
      case 'month0':
      case 'month':
        this.month = this.number(piece);
        if (this.month < 1 || this.month > 12) throw this.outOfRange('month');
        return undefined;
      case 'day0':
      case 'day_':
      case 'day':
        if (piece.token === 'day_') this.rest = this.rest.replace(/^ /, '');
        this.day = this.number(piece);
        return undefined;
      case 'yearDay0':
      case 'yearDay_':
        this.yearDay = this.take(piece.token === 'yearDay0' ? /^\d{3}/ : /^ {0,2}\d{1,3}/, piece.text);
        return undefined;
      default:
        return this.timePiece(piece, next);
    }
  }

  private timePiece(piece: LayoutPiece, next: LayoutPiece | undefined): void {
    switch (piece.token) {
      case 'hour24':
        this.hour = this.ranged(piece, 24, 'hour');
        break;
      case 'hour12':
      case 'hour12_0':
        this.hour = this.ranged(piece, 13, 'hour');
        break;
      case 'minute':
      case 'minute0':
        this.minute = this.ranged(piece, 60, 'minute');
        break;
      case 'second':
      case 'second0':
        this.second = this.ranged(piece, 60, 'second');
        if (next?.token !== 'fraction0' && next?.token !== 'fraction9') this.fraction(/^[.,]\d+/, undefined);
        break;
      case 'PM':
      case 'pm':
        this.meridiem(piece);
        break;
      case 'fraction0':
        this.fraction(new RegExp(`^[.,]\\d{${piece.text.length - 1}}`), piece.text);
        break;
      case 'fraction9':
        this.fraction(/^[.,]\d+/, undefined);
        break;
      case 'zoneName':
        this.zoneAbbreviation(piece);
        break;
      default:
        this.zoneOffset(piece);
    }
  }

  /** Literal text must be there; a run of spaces matches any run, also none before other text. */
  private literal(text: string): void {
    for (let at = 0; at < text.length;) {
      if (text[at] === ' ') {
        if (this.rest !== '' && !this.rest.startsWith(' ')) throw this.mismatch(text);
        while (text[at] === ' ') at++;
        this.rest = this.rest.replace(/^ +/, '');
        continue;
      }
      if (!this.rest.startsWith(text[at] ?? '')) throw this.mismatch(text);
      this.rest = this.rest.slice(1);
      at++;
    }
  }

  private take(pattern: RegExp, piece: string): number {
    const [found] = pattern.exec(this.rest) ?? [];
    if (found === undefined) throw this.mismatch(piece);
    this.rest = this.rest.slice(found.length);
    return Number(found);
  }

  /** One or two digits; layouts with a leading zero want two. */
  private number(piece: LayoutPiece): number {
    return this.take(/^0\d$/.test(piece.text) ? /^\d{2}/ : /^\d{1,2}/, piece.text);
  }

  private ranged(piece: LayoutPiece, limit: number, what: string): number {
    const n = this.number(piece);
    if (n >= limit) throw this.outOfRange(what);
    return n;
  }

  private name(names: readonly string[], piece: LayoutPiece): number {
    const short = piece.token === 'monthShort' || piece.token === 'weekdayShort';
    const lower = this.rest.toLowerCase();
    const wanted = names.map((name) => (short ? name.slice(0, 3) : name));
    const found = wanted.findIndex((name) => lower.startsWith(name.toLowerCase()));
    if (found < 0) throw this.mismatch(piece.text);
    this.rest = this.rest.slice((wanted[found] ?? '').length);
    return found;
  }

  private fraction(pattern: RegExp, required: string | undefined): void {
    const [found] = pattern.exec(this.rest) ?? [];
    if (found === undefined) {
      if (required !== undefined) throw this.mismatch(required);
      return;
    }
    this.rest = this.rest.slice(found.length);
    this.nanosecond = Number(found.slice(1, 10).padEnd(9, '0'));
  }

  private meridiem(piece: LayoutPiece): void {
    const [found] = (piece.token === 'PM' ? /^(?:AM|PM)/ : /^(?:am|pm)/).exec(this.rest) ?? [];
    if (found === undefined) throw this.mismatch(piece.text);
    this.half = found.toUpperCase() === 'PM' ? 'PM' : 'AM';
    this.rest = this.rest.slice(2);
  }

  private zoneOffset(piece: LayoutPiece): void {
    if (piece.text.startsWith('Z') && this.rest.startsWith('Z')) {
      this.rest = this.rest.slice(1);
      this.zone = UTC;
      return;
    }
    const digits = piece.text.slice(1).replace(/\d\d/g, '(\\d\\d)');
    const [found, sign, hours = 0, minutes = 0, seconds = 0] = new RegExp(`^([+-])${digits}`).exec(this.rest) ?? [];
    if (found === undefined) throw this.mismatch(piece.text);
    if (Number(hours) > 24 || Number(minutes) > 60 || Number(seconds) > 60) throw this.outOfRange('time zone offset');
    this.rest = this.rest.slice(found.length);
    const size = Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds);
    this.offset = sign === '-' ? -size : size;
  }

  private zoneAbbreviation(piece: LayoutPiece): void {
    if (this.rest.startsWith('UTC')) {
      this.rest = this.rest.slice(3);
      this.zone = UTC;
      return;
    }
    const pattern =
      /^(?:ChST|MeST|GMT(?:[+-]0*(?:1?\d|2[0-3])(?!\d))?|(?=[^]{3})[+-]0*(?:1?\d|2[0-3])(?!\d)|WITA|[A-Z]{3}(?![A-Z])|[A-Z]{3}T(?![A-Z])|[A-Z]{4}T(?![A-Z]))/;
    const [found] = pattern.exec(this.rest) ?? [];
    if (found === undefined) throw this.mismatch(piece.text);
    this.rest = this.rest.slice(found.length);
    this.zoneName = found;
  }

  private settleHour(): void {
    if (this.half === 'PM' && this.hour < 12) this.hour += 12;
    else if (this.half === 'AM' && this.hour === 12) this.hour = 0;
  }

  private settleDate(): readonly [number, number] {
    if (this.yearDay !== undefined) return this.fromYearDay(this.yearDay);
    const month = this.month ?? 1;
    const day = this.day ?? 1;
    if (day < 1 || day > daysIn(this.year, month)) throw this.outOfRange('day');
    return [month, day];
  }

  private fromYearDay(yearDay: number): readonly [number, number] {
    const length = daysFromCivil(this.year + 1, 1, 1) - daysFromCivil(this.year, 1, 1);
    if (yearDay < 1 || yearDay > length) throw this.outOfRange('day-of-year');
    let month = 1;
    let day = yearDay;
    while (day > daysIn(this.year, month)) day -= daysIn(this.year, month++);
    if (this.month !== undefined && this.month !== month) throw this.error(': day-of-year does not match month');
    if (this.day !== undefined && this.day !== day) throw this.error(': day-of-year does not match day');
    return [month, day];
  }

  private place(clock: number, local: Zone): GoTime {
    if (this.zone !== undefined) return new GoTime(clock, this.nanosecond, this.zone, local);
    if (this.offset !== undefined) return this.atOffset(clock - this.offset, this.offset, local);
    if (this.zoneName === '') return atLocal(clock, this.nanosecond, local);
    const { offset, abbreviation } = local.at(clock);
    if (abbreviation === this.zoneName) return new GoTime(clock - offset, this.nanosecond, local, local);
    const [, hours = '0'] = /^GMT([+-]\d+)$/.exec(this.zoneName) ?? [];
    const shift = Number(hours) * 3600;
    return new GoTime(clock, this.nanosecond, fixedZone(this.zoneName, shift), local);
  }

  private atOffset(seconds: number, offset: number, local: Zone): GoTime {
    const known = local.at(seconds);
    const same = known.offset === offset && (this.zoneName === '' || known.abbreviation === this.zoneName);
    return new GoTime(seconds, this.nanosecond, same ? local : fixedZone(this.zoneName, offset), local);
  }
}
