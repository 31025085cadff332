/** The functions of the template language itself, comparisons aside. */
import { decodeRune } from '../bytes.ts';
import { failure, value as hidden, word } from '../errors.ts';
import { sprintf } from '../format/printf.ts';
import { builtin, define, defineWith, type Runtime } from '../signature.ts';
import { isPrint } from '../unicode.ts';
import { GoInt, GoMap, GoSlice, int, isTrue, typeOf, zeroOf, type Operand, type Value } from '../values.ts';

/** Not reached: the executor evaluates `and` and `or` lazily. */
function lazy(first: Operand): Operand {
  return first;
}

function length(item: Operand): Value {
  if (typeof item === 'string') return int(item.length);
  if (item instanceof GoSlice) return int(item.items.length);
  if (item instanceof GoMap) return int(item.entries.size);
  if (item === undefined) throw failure`reflect: call of reflect.Value.Type on zero Value`;
  if (item === null) throw failure`len of nil pointer`;
  throw failure`len of type ${word(pointedType(item))}`;
}

/** The type behind a pointer. */
const pointedType = (value: Operand): string => typeOf(value).replace(/^\*/, '');

function index(item: Operand, indexes: readonly Operand[]): Operand {
  if (item === undefined || item === null) throw failure`index of untyped nil`;
  let current: Value = item;
  for (const each of indexes) {
    if (current === null) throw failure`index of nil pointer`;
    current = indexOne(current, each ?? undefined);
  }
  return current;
}

function indexOne(item: Value, at: Operand): Value {
  if (typeof item === 'string') {
    return new GoInt('uint8', BigInt(item.charCodeAt(position(at, item.length, 'string'))));
  }
  if (item instanceof GoSlice) return item.items[position(at, item.items.length, 'slice')] ?? null;
  if (item instanceof GoMap) return item.entries.get(key(at)) ?? zeroOf(item.elem);
  throw failure`can't index item of type ${word(pointedType(item))}`;
}

function position(at: Operand, size: number, kind: string): number {
  if (at === undefined) throw failure`cannot index slice/array with nil`;
  if (!(at instanceof GoInt)) throw failure`cannot index slice/array with type ${word(typeOf(at))}`;
  const n = Number(at.value);
  if (n < 0 || n > size) throw failure`index out of range: ${hidden(String(at.value), at)}`;
  if (n === size) throw failure`reflect: ${word(kind)} index out of range`;
  return n;
}

function key(at: Operand): string {
  if (at === undefined) throw failure`value is nil; should be of type string`;
  if (typeof at !== 'string') throw failure`value has type ${word(typeOf(at))}; should be string`;
  return at;
}

function callFunction(fn: Operand): Operand {
  if (fn === undefined || fn === null) throw failure`call of nil`;
  const name = typeof fn === 'string' ? fn : `<${typeOf(fn)} Value>`;
  throw failure`non-function ${hidden(name, fn)} of type ${word(typeOf(fn))}`;
}

/** Text of operands for the escapers: one text as it is, anything else as print does it, nothing as `<no value>`. */
function textOf(runtime: Runtime, operands: readonly Value[]): string {
  const [first] = operands;
  if (operands.length === 1 && typeof first === 'string') return first;
  return runtime.printer.sprint(operands.map((operand) => operand ?? '<no value>'));
}

const HTML_ENTITIES: ReadonlyMap<string, string> = new Map([
  ['\0', '\xef\xbf\xbd'],
  ['"', '&#34;'],
  ["'", '&#39;'],
  ['&', '&amp;'],
  ['<', '&lt;'],
  ['>', '&gt;'],
]);

function escapeHtml(text: string): string {
  // oxlint-disable-next-line no-control-regex -- NUL is replaced like in Go
  return text.replace(/[\0"'&<>]/g, (c) => HTML_ENTITIES.get(c) ?? c);
}

function escapeJs(text: string): string {
  let out = '';
  for (let at = 0; at < text.length;) {
    const { rune, size } = decodeRune(text, at);
    out += rune < 0x80 ? escapeJsAscii(rune) : escapeJsRune(rune, text.slice(at, at + size));
    at += size;
  }
  return out;
}

function escapeJsAscii(rune: number): string {
  const c = String.fromCharCode(rune);
  if (c === '\\' || c === "'" || c === '"') return `\\${c}`;
  const special = '<>&='.includes(c) || rune < 0x20;
  return special ? `\\u${rune.toString(16).toUpperCase().padStart(4, '0')}` : c;
}

function escapeJsRune(rune: number, bytes: string): string {
  return isPrint(rune) ? bytes : `\\u${rune.toString(16).toUpperCase().padStart(4, '0')}`;
}

/** Go's url.QueryEscape. */
export function escapeQuery(text: string): string {
  return text.replace(/[^A-Za-z0-9\-_.~]/g, (c) => {
    return c === ' ' ? '+' : `%${c.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`;
  });
}

export const builtinFunctions = builtin([
  ...define('and or', 'value ...value', lazy),
  ...define('not', 'value', (value) => !isTrue(value)),
  ...define('len', 'value', length),
  ...define('index', 'value ...value', (item, ...indexes) => index(item, indexes)),
  ...define('call', 'value ...value', (fn) => callFunction(fn)),
  ...defineWith('print', '...any', (runtime, ...operands) => runtime.printer.sprint(operands)),
  ...defineWith('println', '...any', (runtime, ...operands) => runtime.printer.sprintln(operands)),
  ...defineWith('printf', 'string ...any', (runtime, format, ...operands) =>
    sprintf(runtime.printer, format, operands, (bytes) => runtime.budget.allocate(bytes)),
  ),
  ...defineWith('html', '...any', (runtime, ...operands) => escapeHtml(textOf(runtime, operands))),
  ...defineWith('js', '...any', (runtime, ...operands) => escapeJs(textOf(runtime, operands))),
  ...defineWith('urlquery', '...any', (runtime, ...operands) => escapeQuery(textOf(runtime, operands))),
]);
