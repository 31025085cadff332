/**
 * Makes expressions of the template language: constants, data, variables, calls, pipelines and parentheses, mostly of
 * the type that is wanted and now and then not. Texts here are ordinary ones; bytes that are no text come as escapes.
 */
import { CATALOGUE, FORMS, HINTS, VALUE_KINDS } from './catalogue.ts';
import type { CatalogueEntry, Hint, Kind, ValueKind } from './catalogue.ts';
import type { Random } from './random.ts';
import { CHARACTERS, FLOATS, FORMATS, INTS, MOMENTS, SMALL, SPECIMENS } from './specimens.ts';
import { yamlDocument } from './yaml-documents.ts';

/** What is visible at a place of a template. */
export interface Scope {
  readonly variables: readonly { readonly name: string; readonly kind: Kind }[];
  /** How the data is reached: `.`, `$.`, or not at all (undefined). */
  readonly data: string | undefined;
  readonly dot: Kind;
  readonly inRange: boolean;
}

/** Keys of the data by what they hold; `SPECIMENS` fills them. */
export const DATA_KEYS: Readonly<Record<string, Hint | 'text'>> = {
  s: 'text',
  t: 'text',
  num: 'numeral',
  j: 'json',
  y: 'yaml',
  url: 'url',
  path: 'path',
  ver: 'release',
  day: 'dated',
  re: 'regex',
  enc: 'encoded',
};
/** Keys whose values are certificates and the like, taken from the vectors. */
const PEM_KEYS = ['ca', 'int', 'leaf', 'chain', 'ed', 'caKey', 'intP1', 'leafKey', 'leafP8', 'edKey', 's'];
const JWK_KEYS = ['ecJwk', 'ecPubJwk', 'ec384Jwk', 'edJwk', 'edPubJwk', 'rsaJwk', 'rsaPubJwk', 'octJwk', 'setJwk', 'j'];
const ARCHIVE_KEYS = ['aes', 'modern', 'rc2', 'tdes', 'nomac', 'emptyPass', 'rc2empty', 'keyonly', 'certsonly', 's'];

const BY_RESULT = new Map<string, CatalogueEntry[]>();
for (const entry of CATALOGUE) BY_RESULT.set(entry.result, [...(BY_RESULT.get(entry.result) ?? []), entry]);

interface Written {
  readonly text: string;
  /** Needs no parentheses as an argument. */
  readonly isOperand: boolean;
}

const operand = (text: string): Written => ({ text, isOperand: true });
const call = (text: string): Written => ({ text, isOperand: false });

export class Expressions {
  private readonly random: Random;
  /** Probability of a slip: an argument of another type, one too few, one too many. */
  private readonly slips: number;

  constructor(random: Random, slips: number) {
    this.random = random;
    this.slips = slips;
  }

  /** A pipeline as it stands in an action. */
  pipeline(kind: Kind, scope: Scope, depth = 3): string {
    const { text } = this.write(kind, scope, depth);
    if (!this.random.chance(0.12)) return text;
    return `${text} | ${this.random.pick(['print', 'toJson', 'quote', 'printf "%#v"', 'typeOf', 'len', 'toString', 'toYaml'])}`;
  }

  /** An expression that can be an argument. */
  argument(kind: Kind, scope: Scope, depth: number): string {
    const { text, isOperand } = this.write(kind, scope, depth);
    return isOperand ? text : `(${text})`;
  }

  private write(kind: Kind, scope: Scope, depth: number): Written {
    const { random } = this;
    if (kind === 'any') return this.write(this.plainKind(), scope, depth);
    if (random.chance(this.slips) && kind !== 'small' && kind !== 'moment')
      return this.write(this.plainKind(), scope, depth);
    if (Object.hasOwn(HINTS, kind)) return this.hinted(kind as Hint, scope, depth);
    const variable = this.variable(kind, scope);
    if (variable !== undefined && random.chance(0.35)) return operand(variable);
    if (depth <= 0 || random.chance(0.25)) return this.simple(kind, scope);
    return this.composed(kind, scope, depth - 1);
  }

  private plainKind(): ValueKind {
    return this.random.weighted([4, 'text'], [6, this.random.pick(VALUE_KINDS)]);
  }

  private variable(kind: Kind, scope: Scope): string | undefined {
    const fitting = scope.variables.filter(
      (each) => each.kind === kind || (each.kind === 'any' && this.random.chance(0.2)),
    );
    return fitting.length > 0 ? this.random.pick(fitting).name : undefined;
  }

  private hinted(kind: Hint, scope: Scope, depth: number): Written {
    const { random } = this;
    if (kind === 'small') return operand(random.pick(SMALL));
    if (kind === 'moment') return this.moment(scope, depth);
    if (kind === 'number')
      return this.write(
        random.weighted<Kind>([4, 'int'], [3, 'float'], [2, 'int64'], [1, 'numeral'], [0.3, 'bool']),
        scope,
        depth,
      );
    if (kind === 'sequence')
      return this.write(random.weighted<Kind>([5, 'list'], [3, 'texts'], [2, 'ints']), scope, depth);
    if (kind === 'pem') return this.fixture(scope, PEM_KEYS);
    if (kind === 'jwk') return this.fixture(scope, JWK_KEYS);
    if (kind === 'archive') return this.fixture(scope, ARCHIVE_KEYS);
    if (random.chance(0.75))
      return operand(quoted(random, kind === 'yaml' ? yamlDocument(random) : random.pick(SPECIMENS[kind] ?? [''])));
    const key = Object.entries(DATA_KEYS).find(([, held]) => held === kind)?.[0];
    if (key !== undefined && scope.data !== undefined && random.chance(0.7)) return operand(scope.data + key);
    return this.write(HINTS[kind], scope, depth);
  }

  /** Anything but a time or an int would mean "now" to the date functions. */
  private moment(scope: Scope, depth: number): Written {
    if (this.random.chance(0.5)) return call(`int64 ${this.random.pick(MOMENTS)}`);
    return depth > 0 ? this.composed('time', scope, depth - 1) : operand(this.random.pick(MOMENTS));
  }

  private fixture(scope: Scope, keys: readonly string[]): Written {
    const { random } = this;
    if (scope.data === undefined) return operand('""');
    const one = scope.data + random.pick(keys);
    return random.chance(0.2) ? call(`print ${one} ${scope.data}${random.pick(keys)}`) : operand(one);
  }

  /** An expression without calls, as far as the kind has one. */
  private simple(kind: Kind, scope: Scope): Written {
    const { random } = this;
    switch (kind) {
      case 'text':
        if (scope.data !== undefined && random.chance(0.45)) return operand(scope.data + this.dataKey());
        if (scope.dot === 'text' && random.chance(0.4)) return operand('.');
        return operand(quoted(random, random.pick(SPECIMENS.text ?? [''])));
      case 'int':
        return operand(random.chance(0.07) ? random.pick(CHARACTERS) : random.pick(INTS));
      case 'int64':
        return call(`int64 ${random.pick(INTS)}`);
      case 'float':
        return operand(random.pick(FLOATS));
      case 'bool':
        return operand(random.pick(['true', 'false']));
      case 'texts':
        return call(`splitList "," ${quoted(random, random.pick(['', 'a', 'b,a', 'c,,a,B', 'é,1,10,9']))}`);
      case 'ints':
        return call(`until ${random.pick(SMALL)}`);
      case 'list':
        return call(
          random.pick([
            'list',
            'list 1 "a" nil 2.5 true',
            'list "b" "a"',
            'list 1 1 2.0 "1"',
            'list (list 1) (dict "a" 1)',
          ]),
        );
      case 'dict':
        return call(
          random.pick(['dict', 'dict "a" 1 "b" "x"', 'dict "a" (dict "b" nil) "c" 1.5', 'dict "b" (list 1 2) "a"']),
        );
      case 'map':
        return scope.data === undefined ? call('split "," "a,b"') : operand(scope.data === '.' ? '.' : '$');
      case 'time':
        return call(
          `toDate "2006-01-02 15:04" "${random.pick(['2020-02-29 23:59', '1999-12-31 00:00', '2021-02-29 10:00'])}"`,
        );
      case 'version':
        return call(`semver "${random.pick(['1.2.3', 'v2', '1.0.0-rc.1+b'])}"`);
      default:
        return operand('nil');
    }
  }

  private dataKey(): string {
    return this.random.chance(0.03) ? 'nope' : this.random.pick(Object.keys(DATA_KEYS));
  }

  private composed(kind: Kind, scope: Scope, depth: number): Written {
    const { random } = this;
    const wanted = random.chance(0.1) && kind !== 'time' && kind !== 'version' ? 'any' : kind;
    const forms = FORMS.filter(([result]) => result === wanted);
    const entries = BY_RESULT.get(wanted) ?? [];
    if (forms.length > 0 && random.chance(Math.min(0.35, forms.length / (entries.length + 1)))) {
      return this.form(random.pick(forms)[1], scope, depth);
    }
    return entries.length > 0 ? this.callOf(random.pick(entries), scope, depth) : this.simple(kind, scope);
  }

  private form(form: string, scope: Scope, depth: number): Written {
    const text = form
      .replaceAll(/(?<= )\.(ct1|caKey|s)\b/g, (_, key: string) => (scope.data === undefined ? '""' : scope.data + key))
      .replaceAll(/\(\{(\w+)\}\)/g, (_, kind: string) => `(${this.write(kind as Kind, scope, depth).text})`)
      .replaceAll(
        /\{(text|any|bool|dict|small|time|version|layout|key|pem|pass|yaml|json|url|sequence|format)\}/g,
        (_, kind: string) =>
          kind === 'format' ? this.format(scope, depth) : this.argument(kind as Kind, scope, depth),
      );
    return call(text);
  }

  callOf(entry: CatalogueEntry, scope: Scope, depth: number): Written {
    const { random } = this;
    const kinds = [...entry.params];
    if (entry.variadic !== undefined) for (let i = random.below(4); i > 0; i--) kinds.push(entry.variadic);
    const args = kinds.map((kind) => this.argument(kind, scope, depth));
    // With a moment out of its place the date functions tell the time of day.
    const slips = kinds.includes('moment') ? 0 : this.slips / 2;
    if (random.chance(slips)) args.pop();
    if (random.chance(slips)) args.push(this.argument('any', scope, 0));
    const last = args.at(-1);
    if (last === undefined || !random.chance(0.35)) return call([entry.name, ...args].join(' '));
    const piped = last.startsWith('(') && random.chance(0.7) ? last.slice(1, -1) : last;
    return call(`${isBalanced(piped) ? piped : last} | ${[entry.name, ...args.slice(0, -1)].join(' ')}`);
  }

  /** A format and arguments for it, which may fit. */
  private format(scope: Scope, depth: number): string {
    const { random } = this;
    const verbs = random.several(1, 3, () => random.pick(FORMATS));
    const args = random.several(0, 3, () => this.argument('any', scope, Math.min(depth, 1)));
    return [quoted(random, verbs.join(random.pick([' ', '|', ', ', 'é', '']))), ...args].join(' ');
  }
}

/** Whether the parentheses removed from an argument belonged together. */
function isBalanced(text: string): boolean {
  let open = 0;
  for (const character of text.replaceAll(/"(?:\\.|[^"\\])*"|`[^`]*`|'(?:\\.|[^'\\])*'/g, '')) {
    if (character === '(') open++;
    if (character === ')' && --open < 0) return false;
  }
  return open === 0;
}

/** A string constant: with escapes, in backquotes, or with bytes that are no UTF-8. */
export function quoted(random: Random, text: string): string {
  if (random.chance(0.1) && !/[`\r]/.test(text)) return `\`${text}\``;
  // oxlint-disable-next-line no-control-regex -- those are what must be escaped
  const escaped = text.replaceAll(/[\\"\n\r\t\0-\x1f\x7f]/g, (character) => ESCAPES[character] ?? hex(character));
  if (random.chance(0.03))
    return `"${escaped}${random.pick(['\\xff', '\\xc3', '\\xe2\\x82', '\\xed\\xa0\\x80', '\\377', '\\u00ad', '\\U0001F600'])}"`;
  return `"${escaped}"`;
}

const ESCAPES: Readonly<Record<string, string>> = { '\\': '\\\\', '"': '\\"', '\n': '\\n', '\r': '\\r', '\t': '\\t' };

function hex(character: string): string {
  return `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`;
}
