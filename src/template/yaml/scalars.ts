/** What unquoted YAML 1.1 scalars mean, as Go's parser reads them. */
import { failure, type Failure } from '../errors.ts';
import { parseFloatText, parseInteger } from '../language/constants.ts';
import { decodeBase64 } from '../functions/base-n.ts';
import { encodeText } from '../bytes.ts';

/** A scalar: text (as bytes), bool, float, integer or null. */
export type Scalar = string | boolean | number | bigint | null;

const variants = (word: string): string[] => [word, word[0]?.toUpperCase() + word.slice(1), word.toUpperCase()];

const WORDS: ReadonlyMap<string, boolean | number | null> = new Map<string, boolean | number | null>([
  ...['y', 'yes', 'true', 'on'].flatMap((word) => variants(word).map((each) => [each, true] as const)),
  ...['n', 'no', 'false', 'off'].flatMap((word) => variants(word).map((each) => [each, false] as const)),
  ...['', '~', ...variants('null')].map((word) => [word, null] as const),
  ...['.nan', '.NaN', '.NAN'].map((word) => [word, NaN] as const),
  ...['.inf', '.Inf', '.INF'].flatMap((word) => [
    [word, Infinity] as const,
    [`+${word}`, Infinity] as const,
    [`-${word}`, -Infinity] as const,
  ]),
]);

const FLOAT = /^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$/;

/** Meaning of a plain scalar without a tag. */
export function resolvePlain(text: string): Scalar {
  const word = WORDS.get(text);
  if (word !== undefined) return word;
  if (text.startsWith('.')) return finite(parseFloatText(text)) ?? encodeText(text);
  if (!/^[-+0-9]/.test(text)) return encodeText(text);
  const digits = text.replaceAll('_', '');
  return parseInteger(digits) ?? floatOf(digits) ?? encodeText(text);
}

function floatOf(digits: string): number | undefined {
  return FLOAT.test(digits) ? finite(Number(digits.replace(/\.(?=$|[eE])/, ''))) : undefined;
}

const finite = (value: number | undefined): number | undefined =>
  value !== undefined && Number.isFinite(value) ? value : undefined;

/** Whether the text, written plain, would be read as text again. */
export function readsAsText(text: string): boolean {
  return typeof resolvePlain(text) === 'string' && !SEXAGESIMAL.test(text) && !isTimestamp(text);
}

const SEXAGESIMAL = /^[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?$/;

const DATE = /^(\d{4})-(\d\d?)-(\d\d?)$/;
const TIME = /^(\d{4})-(\d\d?)-(\d\d?)(?:[Tt]|[ ]+)(\d\d?):(\d\d?):(\d\d?)(?:\.\d+)?(?:Z|z|[+-]\d\d:\d\d)?$/;

/** Dates and times, which other parsers would take for such; quoted when written, text when read. */
function isTimestamp(text: string): boolean {
  const parts = DATE.exec(text) ?? TIME.exec(text);
  if (parts === null) return false;
  const [, year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = parts.map(Number);
  const last = new Date(Date.UTC(year, month, 0)).getUTCDate();
  return month >= 1 && month <= 12 && day >= 1 && day <= last && hour < 24 && minute < 60 && second < 60;
}

const TAG = 'tag:yaml.org,2002:';

/** Meaning of a scalar with an explicit tag. @throws Failure where the text does not fit the tag */
export function resolveTagged(tag: string, text: string): Scalar {
  const plain = resolvePlain(text);
  switch (tag.replace(/^!!/, TAG)) {
    case `${TAG}str`:
    case '!':
      return encodeText(text);
    case `${TAG}binary`:
      return binary(text);
    case `${TAG}int`:
      return must(typeof plain === 'bigint', plain);
    case `${TAG}float`:
      return must(typeof plain === 'number' || typeof plain === 'bigint', Number(plain));
    case `${TAG}bool`:
      return must(typeof plain === 'boolean', plain);
    case `${TAG}null`:
      return must(plain === null, plain);
    default:
      return encodeText(text);
  }
}

function must<T extends Scalar>(fits: boolean, value: T): T {
  if (!fits) throw unfit();
  return value;
}

const unfit = (): Failure => failure`yaml: a value does not fit its tag`;

function binary(text: string): string {
  const decoded = decodeBase64(text);
  if ('wrongAt' in decoded) throw failure`yaml: !!binary value contains invalid base64 data`;
  return decoded.bytes;
}
