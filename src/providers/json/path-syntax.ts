/**
 * Cutting a property path (gjson syntax) into steps. Paths are binary strings here. Nothing is looked up.
 */
import { unescapeBinary } from './strings.ts';
import { parsePattern, type PatternPart } from './wildcard.ts';
import { decodeUtf8, fromBinary } from './text.ts';

/** One step and what follows it: `rest` goes on inside the value, `pipe` is applied to the result of the step. */
export interface Step {
  /** The step with escapes undone. */
  readonly name: string;
  /** Set when the step has wildcards. */
  readonly pattern: readonly PatternPart[] | undefined;
  readonly rest: string | undefined;
  readonly pipe: string | undefined;
}

export interface Query {
  readonly path: string;
  /** Empty: the path only has to exist. */
  readonly operator: '' | '=' | '!=' | '<' | '<=' | '>' | '>=' | '%' | '!%';
  readonly operand: string;
  readonly all: boolean;
  readonly rest: string | undefined;
  readonly pipe: string | undefined;
}

/** Splits off the first step. `startsPipe` says whether what follows a dot is a modifier, multipath or literal. */
export function splitStep(path: string, startsPipe: (path: string) => boolean): Step {
  let name = '';
  let wild = false;
  for (let at = 0; at < path.length; at++) {
    const char = path[at]!;
    if (char === '|') return step(path.slice(0, at), name, wild, undefined, path.slice(at + 1));
    if (char === '.') {
      const after = path.slice(at + 1);
      const piped = after !== '' && startsPipe(after);
      return step(path.slice(0, at), name, wild, piped ? undefined : after, piped ? after : undefined);
    }
    if (char === '\\' && at + 1 < path.length) name += path[++at]!;
    else {
      wild ||= char === '*' || char === '?';
      name += char;
    }
  }
  return step(path, name, wild, undefined, undefined);
}

function step(source: string, name: string, wild: boolean, rest: string | undefined, pipe: string | undefined): Step {
  const pattern = wild ? parsePattern(decodeUtf8(fromBinary(source))) : undefined;
  return { name, pattern, rest, pipe };
}

/** Cuts at the first `|` that is not escaped nor inside brackets or quotes. */
export function splitPipe(path: string): readonly [left: string, pipe: string | undefined] {
  const at = findTop(path, (char) => char === '|');
  return at < 0 ? [path, undefined] : [path.slice(0, at), path.slice(at + 1)];
}

/** `#(name=="x")#.rest|pipe`; undefined when the brackets do not close. */
export function parseQuery(path: string): Query | undefined {
  const end = closingBracket(path, 1);
  if (end < 0) return undefined;
  const all = path[end + 1] === '#';
  const after = path.slice(end + (all ? 2 : 1));
  if (after !== '' && after[0] !== '.' && after[0] !== '|') return undefined;
  const [rest, pipe] =
    after[0] === '.' ? splitPipe(after.slice(1)) : [undefined, after === '' ? undefined : after.slice(1)];
  return { ...parseCondition(path.slice(2, end)), all, rest, pipe };
}

function parseCondition(condition: string): Pick<Query, 'path' | 'operator' | 'operand'> {
  const at = findTop(
    condition,
    (char, index) => /[=<>%]/.test(char) || /^![=%]/.test(condition.slice(index, index + 2)),
  );
  if (at < 0) return { path: condition.trim(), operator: '', operand: '' };
  const symbol = /^(?:==|=|!=|!%|<=|<|>=|>|%)/.exec(condition.slice(at))![0];
  const operand = condition.slice(at + symbol.length).trim();
  const quoted = operand.length >= 2 && operand.startsWith('"') && operand.endsWith('"');
  return {
    path: condition.slice(0, at).trim(),
    operator: (symbol === '==' ? '=' : symbol) as Query['operator'],
    operand: quoted ? unescapeBinary(operand.slice(1, -1)) : operand,
  };
}

/** Splits the inside of `{…}` or `[…]` at its commas into paths, each with the name given before a colon, if any. */
export function parseSelectors(
  inside: string,
): readonly { readonly name: string | undefined; readonly path: string }[] {
  const selectors: { name: string | undefined; path: string }[] = [];
  let left = inside;
  while (left !== '') {
    const comma = findTop(left, (char) => char === ',');
    const piece = comma < 0 ? left : left.slice(0, comma);
    left = comma < 0 ? '' : left.slice(comma + 1);
    const colon = findTop(piece, (char) => char === ':');
    const named = colon >= 0 && !/(?:^|[.|])@/.test(piece.slice(0, colon));
    selectors.push(
      named
        ? { name: piece.slice(0, colon).trim(), path: piece.slice(colon + 1).trim() }
        : { name: undefined, path: piece.trim() },
    );
  }
  return selectors;
}

/** The name a member of a multipath gets from its path: the last step, or `_` when that is no plain name. */
export function nameOfLastStep(path: string): string {
  const last = /(?:[^.|\\]|\\[\s\S])*$/.exec(path)![0];
  return last === '' || /[^ -\u00ff]|[[\]{}()#|!]/.test(last) ? '_' : last;
}

/** Where the bracket at `open` closes, quotes and nested brackets respected; -1 when it does not. */
export function closingBracket(text: string, open: number): number {
  let depth = 0;
  for (let at = open; at < text.length; at++) {
    const char = text[at]!;
    if (char === '\\') at++;
    else if (char === '"') {
      at = closingQuote(text, at);
      if (at < 0) return -1;
    } else if ('([{'.includes(char)) depth++;
    else if (')]}'.includes(char) && --depth === 0) return at;
  }
  return -1;
}

function closingQuote(text: string, open: number): number {
  for (let at = open + 1; at < text.length; at++) {
    if (text[at] === '\\') at++;
    else if (text[at] === '"') return at;
  }
  return -1;
}

function findTop(text: string, wanted: (char: string, index: number) => boolean): number {
  for (let at = 0; at < text.length; at++) {
    const char = text[at]!;
    if (char === '\\') at++;
    else if (wanted(char, at)) return at;
    else if ('([{'.includes(char) || char === '"') {
      const end = char === '"' ? closingQuote(text, at) : closingBracket(text, at);
      if (end < 0) return -1;
      at = end;
    }
  }
  return -1;
}
