/**
 * Property lookup: one value out of a JSON document by a path in gjson syntax (`providers.md` 1.6). The document is not
 * validated first. Bytes in, bytes out: strings that are not UTF-8 survive.
 */
import { modifiers, quoteBinary } from './modifiers.ts';
import { closingBracket, nameOfLastStep, parseQuery, parseSelectors, splitPipe, splitStep } from './path-syntax.ts';
import { meets } from './query.ts';
import { endOfValue, foundOf, foundText, items, members, NOTHING, wholeValue, type Found } from './scan.ts';
import { binaryOfText, decodeUtf8, fromBinary, toBinary } from './text.ts';
import { matchesPattern } from './wildcard.ts';

/** Modifiers and multipaths can multiply a document; a lookup that makes more than this is refused. */
const LARGEST_PRODUCT_BYTES = 16 * 1024 * 1024;
const DEEPEST = 200;

/** The path asks for more than a lookup may do. */
export class PathLimitError extends Error {
  override readonly name = 'PathLimitError';
}

/** The text of the value at `path`, or undefined when there is none. `null` is found and empty. */
export function lookup(document: Uint8Array, path: string): Uint8Array | undefined {
  const found = new Lookup().get(toBinary(document), binaryOfText(path), 0);
  return found.kind === 'nothing' ? undefined : fromBinary(foundText(found));
}

class Lookup {
  #produced = 0;

  get(json: string, path: string, depth: number): Found {
    if (depth > DEEPEST) throw new PathLimitError('the property path is nested too deeply');
    if (path.length > 1) {
      const made = '@!'.includes(path[0]!) ? this.#modifier(json, path) : this.#multipath(json, path, depth);
      if (made !== undefined) return this.#after(made.json, made.rest, depth);
    }
    const start = startOfCompound(json);
    if (start < 0) return NOTHING;
    const text = json.slice(start);
    return text[0] === '{' ? this.#inObject(text, path, depth) : this.#inArray(text, path, depth);
  }

  #after(json: string, rest: string, depth: number): Found {
    return rest === '' ? wholeValue(json) : this.get(json, rest.slice(1), depth + 1);
  }

  #produce(json: string): string {
    this.#produced += json.length;
    if (this.#produced > LARGEST_PRODUCT_BYTES) throw new PathLimitError('the property path makes too much text');
    return json;
  }

  #pipe(found: Found, pipe: string | undefined, depth: number): Found {
    return pipe === undefined ? found : this.get(found.raw, pipe, depth + 1);
  }

  #inObject(text: string, path: string, depth: number): Found {
    const step = splitStep(path, startsPipe);
    const matches = (name: string): boolean =>
      step.pattern === undefined ? name === step.name : matchesPattern(decodeUtf8(fromBinary(name)), step.pattern);
    for (const member of members(text)) {
      if (!matches(member.name)) continue;
      if (step.rest === undefined) return this.#pipe(member.value, step.pipe, depth);
      const found = this.#inside(member.value, step.rest, depth);
      if (found.kind !== 'nothing') return found;
    }
    return this.#pipe(NOTHING, step.pipe, depth);
  }

  #inside(value: Found, path: string, depth: number): Found {
    if (value.kind !== 'compound') return NOTHING;
    if (depth > DEEPEST) throw new PathLimitError('the property path is nested too deeply');
    return value.raw[0] === '{'
      ? this.#inObject(value.raw, path, depth + 1)
      : this.#inArray(value.raw, path, depth + 1);
  }

  #inArray(text: string, path: string, depth: number): Found {
    if (path === '#' || path.startsWith('#|')) return this.#count(text, path.slice(2), depth);
    if (path.startsWith('#.')) return this.#each(text, path.slice(2), depth);
    if (path.startsWith('#(') || path.startsWith('#[')) return this.#select(text, path, depth);
    const step = splitStep(path, startsPipe);
    const item = /^\d{1,9}$/.test(step.name) ? nth(text, Number(step.name)) : NOTHING;
    if (step.rest !== undefined) return this.#inside(item, step.rest, depth);
    return this.#pipe(item, step.pipe, depth);
  }

  #count(text: string, pipe: string, depth: number): Found {
    let count = 0;
    const walk = items(text);
    let next = walk.next();
    for (; next.done !== true; next = walk.next()) count++;
    if (!next.value) return NOTHING;
    return this.#pipe({ kind: 'number', raw: String(count) }, pipe === '' ? undefined : pipe, depth);
  }

  /** `#.name`: the name looked up in every item, as a new array of those that have it. */
  #each(text: string, path: string, depth: number): Found {
    const [inner, pipe] = splitPipe(path);
    const raws: string[] = [];
    for (const item of items(text)) {
      const found = this.get(item.raw, inner, depth + 1);
      if (found.kind !== 'nothing') raws.push(found.raw);
    }
    return this.#pipe(foundOf(this.#produce(`[${raws.join(',')}]`)), pipe, depth);
  }

  #select(text: string, path: string, depth: number): Found {
    const query = parseQuery(path);
    if (query === undefined) return NOTHING;
    const raws: string[] = [];
    for (const item of items(text)) {
      if (!meets(query, this.#asked(item, query.path, depth))) continue;
      const found = query.rest === undefined ? item : this.get(item.raw, query.rest, depth + 1);
      if (!query.all) return this.#pipe(found, query.pipe, depth);
      if (found.raw !== '') raws.push(found.raw);
    }
    const result = query.all ? foundOf(this.#produce(`[${raws.join(',')}]`)) : NOTHING;
    return this.#pipe(result, query.pipe, depth);
  }

  #asked(item: Found, path: string, depth: number): Found {
    if (item.kind === 'compound') return this.get(item.raw, path, depth + 1);
    return path === '' ? item : NOTHING;
  }

  /** `@name:argument` or `!literal` at the start of a path; undefined when it is neither, and so a plain name. */
  #modifier(json: string, path: string): { json: string; rest: string } | undefined {
    if (path[0] === '!') return literal(path.slice(1));
    const name = /^@([^:|.]*)/.exec(path)![1]!;
    const modify = modifiers.get(name);
    if (modify === undefined) return undefined;
    let rest = path.slice(1 + name.length);
    let argument = '';
    if (rest.startsWith(':')) [argument, rest] = splitArgument(rest.slice(1));
    return { json: this.#produce(modify(json, argument)), rest };
  }

  /** `{a,"n":b}` or `[a,b]`: a new object or array of what was found. */
  #multipath(json: string, path: string, depth: number): { json: string; rest: string } | undefined {
    if (path[0] !== '{' && path[0] !== '[') return undefined;
    const end = closingBracket(path, 0);
    const rest = path.slice(end + 1);
    if (end < 0 || (rest !== '' && rest[0] !== '.' && rest[0] !== '|')) return undefined;
    const parts: string[] = [];
    for (const selector of parseSelectors(path.slice(1, end))) {
      const found = this.get(json, selector.path, depth + 1);
      if (found.kind === 'nothing') continue;
      parts.push(path[0] === '[' ? found.raw : `${memberName(selector)}:${found.raw}`);
    }
    const made = path[0] === '[' ? `[${parts.join(',')}]` : `{${parts.join(',')}}`;
    return { json: this.#produce(made), rest };
  }
}

function memberName(selector: { readonly name: string | undefined; readonly path: string }): string {
  if (selector.name === undefined || selector.name === '') return quoteBinary(nameOfLastStep(selector.path));
  return /^".*"$/s.test(selector.name) ? selector.name : quoteBinary(selector.name);
}

/** A dot before one of these ends the step like a pipe. */
function startsPipe(path: string): boolean {
  if ('[{!'.includes(path[0]!)) return true;
  return path[0] === '@' && modifiers.has(/^@([^:|.]*)/.exec(path)![1]!);
}

function splitArgument(text: string): [argument: string, rest: string] {
  if ('{["'.includes(text[0] ?? ' ')) {
    const end = endOfValue(text, 0);
    if (end > 0) return [text.slice(0, end), text.slice(end)];
  }
  const [argument, pipe] = splitPipe(text);
  return [argument, pipe === undefined ? '' : `|${pipe}`];
}

function literal(text: string): { json: string; rest: string } | undefined {
  const end = /^["{[]/.test(text)
    ? endOfValue(text, 0)
    : (/^(?:-?\d[\d.eE+-]*|true|false|null)(?=$|[.|])/.exec(text)?.[0].length ?? -1);
  return end < 0 ? undefined : { json: text.slice(0, end), rest: text.slice(end) };
}

/** The first brace or bracket; a document that is a string has none, whatever the string says. */
function startOfCompound(json: string): number {
  return /^\s*"/.test(json) ? -1 : json.search(/[{[]/);
}

function nth(text: string, index: number): Found {
  let at = 0;
  for (const item of items(text)) if (at++ === index) return item;
  return NOTHING;
}
