/** The kinds of command line flags: how a value is read, what it looks like, what the default is. */
import { z } from 'zod';
import { parseDuration } from '../api/duration.ts';

export interface Flag<T> {
  readonly schema: z.ZodType<T, string>;
  readonly fallback: T;
  /** For `--help`: the default as one would type it. */
  readonly shown: string;
  /** What a value looks like, e.g. `a duration such as 15s`. */
  readonly form: string;
  readonly help: string;
  /** A flag that needs no value: `--flag` means true. */
  readonly isSwitch: boolean;
  /** Set on flags that are accepted and do nothing: why. One log line says so when it is given. */
  readonly ignored?: string;
}

export type FlagTable = Readonly<Record<string, Flag<unknown>>>;
export type FlagValues<Table extends FlagTable> = {
  readonly [Name in keyof Table]: Table[Name] extends Flag<infer T> ? T : never;
};

const TRUE = new Set(['1', 't', 'T', 'true', 'TRUE', 'True']);
const FALSE = new Set(['0', 'f', 'F', 'false', 'FALSE', 'False']);

export function text(fallback: string, help: string, form = 'text'): Flag<string> {
  return { schema: z.string(), fallback, shown: JSON.stringify(fallback), form, help, isSwitch: false };
}

export function toggle(fallback: boolean, help: string): Flag<boolean> {
  const schema = z
    .string()
    .refine((value) => TRUE.has(value) || FALSE.has(value))
    .transform((value) => TRUE.has(value));
  return { schema, fallback, shown: String(fallback), form: 'true or false', help, isSwitch: true };
}

export function integer(fallback: number, help: string, least = 0): Flag<number> {
  const schema = z
    .string()
    .regex(/^[+-]?[0-9]+$/)
    .transform(Number)
    .refine((value) => Number.isSafeInteger(value) && value >= least);
  return { schema, fallback, shown: String(fallback), form: `a whole number from ${least} on`, help, isSwitch: false };
}

/** Not negative, may have a fraction. */
export function rate(fallback: number, help: string): Flag<number> {
  const schema = z
    .string()
    .regex(/^[0-9]+(\.[0-9]+)?$/)
    .transform(Number);
  return { schema, fallback, shown: String(fallback), form: 'a number from 0 on', help, isSwitch: false };
}

/** The value is milliseconds. */
export function duration(fallback: string, help: string): Flag<number> {
  const schema = z.string().transform((value, context) => {
    try {
      const ms = parseDuration(value);
      if (ms >= 0) return ms;
    } catch {
      // said by the caller, with the flag's name
    }
    context.addIssue('no duration');
    return z.NEVER;
  });
  const form = 'a duration such as 500ms, 15s or 1h30m';
  return { schema, fallback: parseDuration(fallback), shown: fallback, form, help, isSwitch: false };
}

export function oneOf<const T extends string>(choices: readonly T[], fallback: NoInfer<T>, help: string): Flag<T> {
  const form = `one of ${choices.join(', ')}`;
  const schema = z.string().transform((value, context) => {
    const choice = choices.find((each) => each === value);
    if (choice !== undefined) return choice;
    context.addIssue(form);
    return z.NEVER;
  });
  return { schema, fallback, shown: fallback, form, help, isSwitch: false };
}

/** Comma separated, or the flag given several times. */
export function list(
  fallback: readonly string[],
  help: string,
  form = 'a comma separated list',
): Flag<readonly string[]> {
  const schema = z.string().transform((value): readonly string[] =>
    value
      .split(',')
      .map((part) => part.trim())
      .filter((part) => part !== ''),
  );
  return { schema, fallback, shown: fallback.join(','), form, help, isSwitch: false };
}

/** Accepts what `flag` accepts, and has no effect. */
export function ignored<T>(flag: Flag<T>, why: string): Flag<T> {
  return { ...flag, ignored: why };
}
