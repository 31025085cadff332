/** toYaml and fromYaml. Neither fails: toYaml gives nothing, fromYaml a map with the complaint under `Error`. */
import { decodeText, encodeText } from '../bytes.ts';
import { failure, Failure } from '../errors.ts';
import { formatFloat } from '../format/float.ts';
import { defineWith, type Runtime } from '../signature.ts';
import { dict, GoInt, GoMap, GoSlice, list, type GoObject, type Value } from '../values.ts';
import { emitYaml, type Emittable } from '../yaml/emit.ts';
import { parseYaml, type Tree } from '../yaml/parse.ts';
import { jsonType } from '../yaml/documents.ts';
import { jsonNumber } from './json.ts';

function toYaml(runtime: Runtime, value: Value): string {
  try {
    const text = emitYaml(emittable(runtime, value));
    return encodeText(text.replace(/\n$/, ''));
  } catch (error) {
    if (error instanceof Failure) return '';
    throw error;
  }
}

/** The value as its JSON form would be read by YAML. */
function emittable(runtime: Runtime, value: Value): Emittable {
  runtime.budget.spend(3);
  if (typeof value === 'string') return text(runtime, value);
  if (typeof value === 'number') return { number: yamlNumber(value) };
  if (value === null || typeof value === 'boolean') return value;
  if (value instanceof GoInt) return { number: String(value.value) };
  if (value instanceof GoSlice) return value.isNil ? null : value.items.map((item) => emittable(runtime, item));
  if (value instanceof GoMap) return value.isNil ? null : entries(runtime, value.entries);
  return struct(runtime, value);
}

function struct(runtime: Runtime, value: GoObject): Emittable {
  const own = value.json();
  return own === undefined ? entries(runtime, value.fields()) : text(runtime, own);
}

function entries(runtime: Runtime, pairs: Iterable<readonly [string, Value]>): Emittable {
  return new Map(Array.from(pairs, ([key, item]) => [keyText(runtime, key), emittable(runtime, item)] as const));
}

/** A key is on one line, and U+0085 would end it. */
function keyText(runtime: Runtime, bytes: string): string {
  if (bytes.includes('\xc2\x85')) throw failure`yaml: a key must be on one line`;
  return text(runtime, bytes);
}

/** Text as YAML reads it out of a JSON string: some characters are forbidden, U+0085 is a line end that folds. */
function text(runtime: Runtime, bytes: string): string {
  runtime.budget.spend(bytes.length / 4);
  const decoded = decodeText(bytes);
  if (/[\x7f-\x84\x86-\x9f\ufffe\uffff]/.test(decoded)) throw failure`yaml: control characters are not allowed`;
  return decoded.replace(/[ \t]*(?:\x85[ \t]*)+/g, (run) => {
    const breaks = run.split('\x85').length - 1;
    return breaks === 0 ? run : breaks === 1 ? ' ' : '\n'.repeat(breaks - 1);
  });
}

/** A float goes through JSON, where one without fraction becomes an integer. */
function yamlNumber(value: number): string {
  const json = jsonNumber(value);
  if (!/^-?\d+$/.test(json)) return formatFloat(value, 'g', -1);
  const exact = BigInt(json);
  const integer = exact < 2n ** 64n && exact >= -(2n ** 63n);
  return integer ? String(exact) : formatFloat(value, 'g', -1);
}

function fromYaml(runtime: Runtime, source: string): Value {
  try {
    const tree = parseYaml(source, runtime.budget);
    if (tree === null) return dict();
    if (tree instanceof Map) return toValue(tree);
    throw failure`error unmarshaling JSON: while decoding JSON: json: cannot unmarshal ${jsonWord(tree)} into Go value of type map[string]interface {}`;
  } catch (error) {
    if (error instanceof Failure) return dict([['Error', complaint(error)]]);
    throw error;
  }
}

const jsonWord = (tree: Tree): { piece: 'word'; text: string } => ({ piece: 'word', text: jsonType(tree) });

function complaint(error: Failure): string {
  const { message } = error;
  return encodeText(message.startsWith('error unmarshaling') ? message : `error converting YAML to JSON: ${message}`);
}

function toValue(tree: Tree): Value {
  if (typeof tree === 'bigint') return Number(tree);
  if (typeof tree === 'number' && !Number.isFinite(tree)) {
    throw failure`json: unsupported value: ${{ piece: 'word', text: formatFloat(tree, 'g', -1) }}`;
  }
  if (Array.isArray(tree)) return list(tree.map(toValue));
  if (tree instanceof Map) return dict([...tree].map(([key, item]) => [key, toValue(item)] as const));
  return typeof tree === 'string' ? encodeText(decodeText(tree)) : tree;
}

export const yamlFunctions = [...defineWith('toYaml', 'any', toYaml), ...defineWith('fromYaml', 'string', fromYaml)];
