/**
 * Reads a command line the way Go programs do: `--flag=value`, `--flag value`, `-flag`, and `--flag` alone for booleans.
 * What is wrong is said with the flag, the bad value and the accepted form.
 */
import type { Flag, FlagTable, FlagValues } from './flag.ts';

/** A command line or environment that cannot be used. The message is for the person who typed it. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

export interface ParsedFlags<Table extends FlagTable> {
  readonly values: FlagValues<Table>;
  /** One sentence per given flag that has no effect. */
  readonly notes: readonly string[];
  readonly help: boolean;
}

/** @throws UsageError */
export function parseFlags<Table extends FlagTable>(table: Table, argv: readonly string[]): ParsedFlags<Table> {
  const given = new Map<string, unknown>();
  let help = false;
  for (let at = 0; at < argv.length; at++) {
    const { name, value } = splitArgument(argv[at] ?? '');
    if (name === 'help' || name === 'h') help = true;
    if (name === 'help' || name === 'h') continue;
    const flag = Object.hasOwn(table, name) ? table[name] : undefined;
    if (flag === undefined) throw new UsageError(unknownFlag(name, Object.keys(table)));
    const needsNext = value === undefined && !flag.isSwitch;
    if (needsNext && at + 1 >= argv.length) throw new UsageError(`--${name} needs a value: ${flag.form}`);
    const raw = value ?? (flag.isSwitch ? 'true' : (argv[++at] ?? ''));
    given.set(name, merged(given.get(name), parseValue(name, flag, raw)));
  }
  const values = Object.fromEntries(
    Object.entries(table).map(([name, flag]) => [name, given.has(name) ? given.get(name) : flag.fallback]),
  ) as FlagValues<Table>;
  const notes = [...given.keys()].flatMap((name) => {
    const why = table[name]?.ignored;
    return why === undefined ? [] : [`--${name} has no effect: ${why}`];
  });
  return { values, notes, help };
}

function splitArgument(argument: string): { name: string; value: string | undefined } {
  const match = /^--?([^-=][^=]*)(?:=(.*))?$/s.exec(argument);
  if (match === null)
    throw new UsageError(`unexpected argument ${JSON.stringify(argument)}: only flags are understood here`);
  return { name: match[1] ?? '', value: match[2] };
}

function parseValue(name: string, flag: Flag<unknown>, raw: string): unknown {
  const result = flag.schema.safeParse(raw);
  if (result.success) return result.data;
  throw new UsageError(`--${name}: ${JSON.stringify(raw)} is not accepted, write ${flag.form}`);
}

function merged(before: unknown, now: unknown): unknown {
  return Array.isArray(before) && Array.isArray(now) ? [...(before as unknown[]), ...(now as unknown[])] : now;
}

function unknownFlag(name: string, known: readonly string[]): string {
  const [nearest] = known.map((each) => ({ each, far: distance(name, each) })).sort((a, b) => a.far - b.far);
  const hint =
    nearest !== undefined && nearest.far <= Math.max(2, name.length / 6) ? `; did you mean --${nearest.each}?` : '';
  return `unknown flag --${name}${hint} (--help lists all)`;
}

/** How many letters must change, come or go to make one word of the other. */
function distance(a: string, b: string): number {
  let above = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const change = (above[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      row.push(Math.min(change, (above[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1));
    }
    above = row;
  }
  return above[b.length] ?? 0;
}
