/** The page that `--help` prints: one line per flag. */
import type { Flag, FlagTable } from './flag.ts';

/** The page for `--help`. */
export function helpText(usage: string, table: FlagTable): string {
  const rows = Object.entries(table).map(([name, flag]) => ({
    left: `  --${name}${flag.isSwitch ? '' : ` ${placeholder(flag)}`}`,
    right: `${flag.help}${flag.form.startsWith('one of') ? `: ${flag.form.slice(7)}` : ''}${flag.ignored === undefined ? '' : ` (no effect: ${flag.ignored})`} [${flag.shown}]`,
  }));
  const width = Math.min(48, Math.max(...rows.map((row) => row.left.length)) + 2);
  const lines = rows.map(({ left, right }) =>
    left.length < width ? `${left.padEnd(width)}${right}` : `${left}\n${' '.repeat(width)}${right}`,
  );
  return `${usage}\n\nFlags, with [default]:\n${lines.join('\n')}\n`;
}

function placeholder(flag: Flag<unknown>): string {
  if (flag.form.startsWith('a duration')) return 'duration';
  if (flag.form.includes('number')) return 'number';
  return flag.form.includes('list') ? 'list' : 'text';
}
