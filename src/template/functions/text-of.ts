/** Text of any value, as functions that take anything turn it into text. */
import { NO_FLAGS } from '../format/flags.ts';
import type { Runtime } from '../signature.ts';
import { GoInt, GoObject, GoSlice, type Value } from '../values.ts';

/** The value's own text (strings, times, versions, durations), else what `%v` prints; nil is `<nil>`. */
export function textOf(runtime: Runtime, value: Value): string {
  if (typeof value === 'string') return value;
  const own = value instanceof GoObject ? value.text() : value instanceof GoInt ? value.text : undefined;
  return own ?? runtime.printer.print(value, 'v', NO_FLAGS);
}

/** Texts of a list's elements without the nil ones; of anything else, its own text; of nil, none. */
export function textsOf(runtime: Runtime, value: Value): string[] {
  if (value === null) return [];
  if (!(value instanceof GoSlice)) return [textOf(runtime, value)];
  return value.items.filter((item) => item !== null).map((item) => textOf(runtime, item));
}
