/** Random passwords with exact numbers of digits and symbols (`providers.md` 7.3). */
import { randomInt } from 'node:crypto';
import type { PasswordSpec } from '../api/generators/password.ts';
import { SecretValue } from '../secret-value.ts';
import { base32 } from './base32.ts';
import { GeneratorError } from './errors.ts';
import type { GeneratorModule } from './generator.ts';

const LOWER = Array.from('abcdefghijklmnopqrstuvwxyz');
const UPPER = Array.from('ABCDEFGHIJKLMNOPQRSTUVWXYZ');
const DIGITS = Array.from('0123456789');
const SYMBOLS = '~!@#$%^&*()_+`-={}|[]\\:"<>?,./';
const DEFAULT_LENGTH = 24;
const DEFAULT_SHARE = 0.25;
/** No Secret holds more. */
const LONGEST = 1024 * 1024;

export const passwordGenerator: GeneratorModule<PasswordSpec> = {
  async generate(spec) {
    const keys = spec.secretKeys ?? ['password'];
    const bad = keys.find((key, index) => key === '' || keys.indexOf(key) !== index);
    if (bad !== undefined)
      throw new GeneratorError(bad === '' ? 'secretKeys: a key is empty' : `secretKeys: "${bad}" stands there twice`);
    return { values: new Map(keys.map((key) => [key, SecretValue.ofText(encode(password(spec), spec.encoding))])) };
  },
};

/** @throws GeneratorError when there are not enough characters to choose from, or the numbers contradict each other. */
export function password(spec: PasswordSpec): string {
  const wanted = countsOf(spec);
  const symbols = [...new Set(spec.symbolCharacters || SYMBOLS)];
  const letters = spec.noUpper ? LOWER : [...LOWER, ...UPPER];
  const draw = spec.allowRepeat ? drawAny : drawOnce();
  return shuffled([
    ...draw('symbols', preferred(symbols, [...DIGITS, ...letters]), wanted.symbols),
    ...draw('digits', [DIGITS], wanted.digits),
    ...draw('letters', [letters], wanted.letters),
  ]).join('');
}

function countsOf(spec: PasswordSpec): { readonly letters: number; readonly digits: number; readonly symbols: number } {
  const length = spec.length > 0 ? spec.length : DEFAULT_LENGTH;
  const digits = spec.digits ?? Math.floor(length * DEFAULT_SHARE);
  const symbols = spec.symbols ?? Math.floor(length * DEFAULT_SHARE);
  if (digits < 0 || symbols < 0) throw new GeneratorError('digits and symbols must not be negative');
  if (digits + symbols > length)
    throw new GeneratorError(`digits (${digits}) and symbols (${symbols}) are more than length (${length})`);
  if (length > LONGEST)
    throw new GeneratorError(`length is ${length}, the longest that fits into a Secret is ${LONGEST}`);
  return { letters: length - digits - symbols, digits, symbols };
}

/** Pools to draw from, the first as long as it lasts: symbols that are letters or digits too would take those away. */
type Pools = readonly (readonly string[])[];
type Draw = (what: string, pools: Pools, count: number) => readonly string[];

function preferred(symbols: readonly string[], others: readonly string[]): Pools {
  return [symbols.filter((symbol) => !others.includes(symbol)), symbols.filter((symbol) => others.includes(symbol))];
}

function drawAny(_what: string, pools: Pools, count: number): readonly string[] {
  const all = pools.flat();
  return Array.from({ length: count }, () => all[randomInt(all.length)]!);
}

/** Draws no character twice, over all calls. */
function drawOnce(): Draw {
  const used = new Set<string>();
  return (what, pools, count) => {
    const left = pools.map((pool) => pool.filter((each) => !used.has(each)));
    const available = left.flat().length;
    if (count > available)
      throw new GeneratorError(
        `${count} ${what} are wanted and only ${available} are there to choose from: set allowRepeat, or ask for fewer`,
      );
    const drawn = left.flatMap((pool) => shuffled(pool)).slice(0, count);
    for (const each of drawn) used.add(each);
    return drawn;
  };
}

/** Fisher and Yates: every order is equally likely. */
function shuffled(items: readonly string[]): string[] {
  const mixed = [...items];
  for (let last = mixed.length - 1; last > 0; last--) {
    const other = randomInt(last + 1);
    [mixed[last], mixed[other]] = [mixed[other]!, mixed[last]!];
  }
  return mixed;
}

function encode(text: string, encoding: PasswordSpec['encoding']): string {
  const bytes = Buffer.from(text, 'utf8');
  switch (encoding) {
    case 'raw':
      return text;
    case 'hex':
    case 'base64':
      return bytes.toString(encoding);
    case 'base64url':
      return bytes.toString('base64').replaceAll('+', '-').replaceAll('/', '_');
    case 'base32':
      return base32(bytes);
  }
}
