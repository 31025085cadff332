/** Flags, width and precision of one printf directive, and padding by them. */
import { decodeRune, runeCount } from '../bytes.ts';

export interface Flags {
  readonly plus: boolean;
  readonly minus: boolean;
  readonly sharp: boolean;
  readonly space: boolean;
  readonly zero: boolean;
  /** `%#v`: print as Go source. */
  readonly goSyntax: boolean;
  /** `%+v`: print names of struct fields. */
  readonly fieldNames: boolean;
  readonly width: number | undefined;
  readonly precision: number | undefined;
}

export const NO_FLAGS: Flags = {
  plus: false,
  minus: false,
  sharp: false,
  space: false,
  zero: false,
  goSyntax: false,
  fieldNames: false,
  width: undefined,
  precision: undefined,
};

/** Pads to the width, which counts runes; zeros go to the left only. */
export function pad(text: string, flags: Flags): string {
  if (flags.width === undefined) return text;
  const missing = flags.width - runeCount(text);
  if (missing <= 0) return text;
  if (flags.minus) return text + ' '.repeat(missing);
  return (flags.zero ? '0' : ' ').repeat(missing) + text;
}

/** Cuts to the precision, which counts runes. */
export function truncateRunes(text: string, flags: Flags): string {
  if (flags.precision === undefined) return text;
  let at = 0;
  for (let left = flags.precision; left > 0 && at < text.length; left--) at += decodeRune(text, at).size;
  return text.slice(0, at);
}

/** Text cut to the precision and padded to the width, like `%s`. */
export const padded = (text: string, flags: Flags): string => pad(truncateRunes(text, flags), flags);
