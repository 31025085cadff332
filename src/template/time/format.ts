/** Writes a time by a layout. */
import { MONTHS, WEEKDAYS } from './calendar.ts';
import type { Clock } from './go-time.ts';
import { layoutPieces, type LayoutPiece } from './layout.ts';

const two = (n: number): string => String(n).padStart(2, '0');

/** The clock's reading in the form of the layout. */
export function formatTime(clock: Clock, layout: string): string {
  return layoutPieces(layout)
    .map((piece) => formatPiece(clock, piece))
    .join('');
}

function formatPiece(clock: Clock, { token, text }: LayoutPiece): string {
  const hour12 = clock.hour % 12 === 0 ? 12 : clock.hour % 12;
  switch (token) {
    case 'text':
      return text;
    case 'year4':
      return clock.year < 0 ? `-${String(-clock.year).padStart(4, '0')}` : String(clock.year).padStart(4, '0');
    case 'year2':
      return two(Math.abs(clock.year % 100));
    case 'monthLong':
      return MONTHS[clock.month - 1] ?? '';
    case 'monthShort':
      return (MONTHS[clock.month - 1] ?? '').slice(0, 3);
    case 'month0':
      return two(clock.month);
    case 'month':
      return String(clock.month);
    case 'day0':
      return two(clock.day);
    case 'day_':
      return String(clock.day).padStart(2, ' ');
    case 'day':
      return String(clock.day);
    case 'yearDay0':
      return String(clock.yearDay).padStart(3, '0');
    case 'yearDay_':
      return String(clock.yearDay).padStart(3, ' ');
    case 'weekdayLong':
      return WEEKDAYS[clock.weekday] ?? '';
    case 'weekdayShort':
      return (WEEKDAYS[clock.weekday] ?? '').slice(0, 3);
    case 'hour24':
      return two(clock.hour);
    case 'hour12_0':
      return two(hour12);
    case 'hour12':
      return String(hour12);
    case 'minute0':
      return two(clock.minute);
    case 'minute':
      return String(clock.minute);
    case 'second0':
      return two(clock.second);
    case 'second':
      return String(clock.second);
    case 'PM':
      return clock.hour >= 12 ? 'PM' : 'AM';
    case 'pm':
      return clock.hour >= 12 ? 'pm' : 'am';
    case 'fraction0':
    case 'fraction9':
      return fraction(clock.nanosecond, text);
    case 'zoneName':
      return clock.abbreviation === '' ? bareOffset(clock.offset) : clock.abbreviation;
    default:
      return offsetText(clock.offset, text);
  }
}

function fraction(nanosecond: number, text: string): string {
  const digits = String(nanosecond)
    .padStart(9, '0')
    .slice(0, text.length - 1)
    .padEnd(text.length - 1, '0');
  if (text[1] === '0') return `${text[0]}${digits}`;
  const trimmed = digits.replace(/0+$/, '');
  return trimmed === '' ? '' : `${text[0]}${trimmed}`;
}

/** `-0700` and its relatives; the forms with Z write Z for UTC. */
function offsetText(offset: number, form: string): string {
  if (form.startsWith('Z') && offset === 0) return 'Z';
  const size = Math.abs(offset);
  const parts = [two(Math.floor(size / 3600)), two(Math.floor((size % 3600) / 60)), two(size % 60)];
  const digits = form.replace(/[^0-9]/g, '').length / 2;
  return (offset < 0 ? '-' : '+') + parts.slice(0, digits).join(form.includes(':') ? ':' : '');
}

/** A zone without a name prints its offset, the minutes only if there are some. */
function bareOffset(offset: number): string {
  return offsetText(offset, '-0700');
}
