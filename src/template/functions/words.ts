/** Letter case and word conversions. */
import { decodeText, encodeRune, encodeText, isAscii, runes } from '../bytes.ts';
import { define } from '../signature.ts';
import { isDigit, isLetter, isLower, isSpace, isTitle, isUpper, toLower, toTitle, toUpper } from '../unicode.ts';

type Mapping = (rune: number) => number;

const mapped = (text: string, map: Mapping): string =>
  [...runes(text)].map(({ rune }) => encodeRune(map(rune))).join('');
const upper = (text: string): string => (isAscii(text) ? text.toUpperCase() : mapped(text, toUpper));
const lower = (text: string): string => (isAscii(text) ? text.toLowerCase() : mapped(text, toLower));

/** Whether a word ends here: any ASCII but letters, digits and `_`; beyond ASCII only spaces. */
function separates(rune: number): boolean {
  if (rune < 0x80) return !/\w/.test(String.fromCharCode(rune));
  return !isLetter(rune) && !isDigit(rune) && isSpace(rune);
}

function title(text: string): string {
  let previous = 0x20;
  return mapped(text, (rune) => {
    const starts = separates(previous);
    previous = rune;
    return starts ? toTitle(rune) : rune;
  });
}

function untitle(text: string): string {
  let starts = true;
  return mapped(text, (rune) => {
    if (isSpace(rune)) starts = true;
    else if (starts) {
      starts = false;
      return toLower(rune);
    }
    return rune;
  });
}

function swapCase(text: string): string {
  let afterSpace = true;
  return mapped(text, (rune) => {
    const wasAfterSpace = afterSpace;
    if (isUpper(rune) || isTitle(rune)) {
      afterSpace = false;
      return toLower(rune);
    }
    if (!isLower(rune)) {
      afterSpace = isSpace(rune);
      return rune;
    }
    afterSpace = false;
    return wasAfterSpace ? toTitle(rune) : toUpper(rune);
  });
}

/** A byte as the letter of that number; what the original does to text beyond ASCII. */
const byteLetter = (byte: string): string => encodeText(byte);

function withoutSpaces(text: string): string {
  const kept = text.split('').filter((byte) => !isSpace(byte.charCodeAt(0)));
  return kept.length === text.length ? text : kept.map(byteLetter).join('');
}

function initials(text: string): string {
  let afterSpace = true;
  let out = '';
  for (const byte of text) {
    const space = isSpace(byte.charCodeAt(0));
    if (!space && afterSpace) out += byteLetter(byte);
    afterSpace = space;
  }
  return out;
}

const isConnector = (rune: number): boolean => rune === 0x2d || rune === 0x5f || isSpace(rune);

/** `http_server` → `HttpServer`: capitals after connectors, a word in capitals keeps only its first. */
function pascalCase(text: string): string {
  const all = [...runes(text)].map(({ rune }) => rune);
  const lead = all.findIndex((rune) => !isConnector(rune));
  // Nothing but connectors: the original writes the last one twice.
  if (lead < 0) return text + all.slice(-1).map(encodeRune).join('');
  const first = all[lead] ?? 0;
  return all.slice(0, lead).map(encodeRune).join('') + pascalRest(first, all.slice(lead + 1));
}

function pascalRest(first: number, rest: readonly number[]): string {
  let out = '';
  let inCapitals = isUpper(first);
  let pending = toUpper(first);
  for (const rune of rest) {
    let next = rune;
    if (isConnector(pending)) {
      if (isConnector(next)) out += encodeRune(pending);
      else {
        inCapitals = isUpper(next);
        next = toUpper(next);
      }
    } else {
      if (inCapitals && isUpper(next)) next = toLower(next);
      else inCapitals = false;
      out += encodeRune(pending);
    }
    pending = next;
  }
  return out + encodeRune(pending);
}

type WordType = 'number' | 'upper' | 'lower' | 'connector' | 'punctuation' | 'other' | 'none';
interface Word {
  readonly type: WordType;
  readonly text: string;
}

/** Letters of scripts with words; the common Chinese, Japanese and Korean ones stand alone. */
const CJK = '\\u3400-\\u4d85\\u4e00-\\u9fcc\\u{20000}-\\u{2b81d}';
const SMALL = `(?:(?![\\p{Lu}${CJK}])\\p{L})`;
const GO_SPACE = '\\t-\\r \\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000';
const WORDS = new RegExp(
  [
    `(?<connector>[-_${GO_SPACE}]+)`,
    '(?<punctuation>\\p{P}+)',
    `(?<upper>\\p{Lu}${SMALL}+|\\p{Lu}+(?=\\p{Lu}${SMALL})|\\p{Lu}+)`,
    `(?<lower>${SMALL}+)`,
    '(?<number>\\p{N}+)',
    `(?<other>(?:(?![-_${GO_SPACE}]|\\p{P}|\\p{N}|\\p{Lu}|${SMALL}).)+)`,
  ].join('|'),
  'gsu',
);

const NONE: Word = { type: 'none', text: '' };

function wordsOf(text: string): Word[] {
  return [...decodeText(text).matchAll(WORDS)].map(({ groups }) => {
    const [type, found] = Object.entries(groups ?? {}).find(([, each]) => each !== undefined) ?? ['other', ''];
    return { type: type as WordType, text: encodeText(found) };
  });
}

/** `HTTPServer` → `http_server` with the given connector; numbers join the words around them by old habit. */
function joinWords(text: string, connector: string): string {
  return new WordJoiner(wordsOf(text), connector).run();
}

class WordJoiner {
  private readonly words: readonly Word[];
  private readonly connector: string;
  private at = 0;
  private out = '';

  constructor(words: readonly Word[], connector: string) {
    this.words = words;
    this.connector = connector;
  }

  run(): string {
    while (this.at < this.words.length - 1) this.step();
    this.write(this.current());
    return this.out;
  }

  private current(): Word {
    return this.words[this.at] ?? NONE;
  }

  private write({ type, text }: Word): void {
    if (type === 'connector') this.out += this.connector.repeat([...runes(text)].length);
    else this.out += type === 'upper' ? lowerCapitals(text) : text;
  }

  private step(): void {
    const word = this.current();
    this.write(word);
    this.at++;
    if (word.type === 'number') this.afterNumber();
    else if (word.type !== 'connector' && word.type !== 'punctuation') this.afterWord();
  }

  /** Takes the lower-case words and numbers that follow, then a connector before a new word. */
  private afterNumber(): void {
    while (this.current().type === 'lower' || this.current().type === 'number') {
      this.write(this.current());
      this.at++;
    }
    this.connect();
  }

  private connect(): void {
    const { type } = this.current();
    if (type !== 'none' && type !== 'punctuation' && type !== 'connector') this.out += this.connector;
  }

  private afterWord(): void {
    if (this.current().type !== 'number') {
      this.connect();
      return;
    }
    if (this.at === this.words.length - 1) return;
    const number = this.current();
    this.at++;
    const attached = this.current().type !== 'lower';
    if (!attached) this.out += this.connector;
    this.write(number);
    if (attached) this.connect();
    else this.afterNumber();
  }
}

const lowerCapitals = (text: string): string => mapped(text, (rune) => (isUpper(rune) ? toLower(rune) : rune));

export const wordFunctions = [
  ...define('upper', 'string', upper),
  ...define('lower', 'string', lower),
  ...define('title', 'string', title),
  ...define('untitle', 'string', untitle),
  ...define('swapcase', 'string', swapCase),
  ...define('nospace', 'string', withoutSpaces),
  ...define('initials', 'string', initials),
  ...define('camelcase', 'string', pascalCase),
  ...define('snakecase', 'string', (text) => joinWords(text, '_')),
  ...define('kebabcase', 'string', (text) => joinWords(text, '-')),
];
