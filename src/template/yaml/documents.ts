/**
 * What the rest of the program wants of rendered YAML: a map of texts (`KeysAndValues`), or any tree for a path in a
 * manifest. Errors name positions and types, never values.
 */
import { Budget, WORKER_LIMITS } from '../budget.ts';
import { decodeText, fromBytes, isValidUtf8, toBytes } from '../bytes.ts';
import { Failure } from '../errors.ts';
import { parseYaml, shortFloat, type Tree } from './parse.ts';

/** The text is no YAML, or not of the wanted form. */
export class YamlError extends Error {
  override readonly name = 'YamlError';
}

/** JSON-like data; integers beyond 2^53 are bigints. */
export type YamlData = string | number | bigint | boolean | null | YamlData[] | { [key: string]: YamlData };

const LIMITS = { ...WORKER_LIMITS, steps: 20_000_000 };

/**
 * A YAML map of texts, as `templateAs: KeysAndValues` and `literal` write it. Scalars become the text of what they
 * mean (`1.50` → `1.5`, `on` → `true`, null → empty). An empty document gives no keys.
 * @throws YamlError
 */
export function parseKeysAndValues(rendered: Uint8Array): Map<string, Uint8Array> {
  const tree = parse(rendered);
  if (tree === null) return new Map();
  if (!(tree instanceof Map)) throw cannotUnmarshal(tree, 'map[string]string');
  const out = new Map<string, Uint8Array>();
  for (const [key, value] of tree) out.set(decodeText(key), toBytes(jsonText(textOf(value))));
  return out;
}

/**
 * Any YAML document, for path targets in manifests.
 * @throws YamlError
 */
export function parseManifestYaml(rendered: Uint8Array): YamlData {
  return toData(parse(rendered));
}

function parse(rendered: Uint8Array): Tree {
  try {
    return parseYaml(fromBytes(rendered), new Budget(LIMITS));
  } catch (error) {
    if (error instanceof Failure) throw new YamlError(`error converting YAML to JSON: ${error.message}`);
    throw new YamlError('error converting YAML to JSON: yaml: the document is too large');
  }
}

function cannotUnmarshal(value: Tree, wanted: string): YamlError {
  const prefix = 'error unmarshaling JSON: while decoding JSON: json: cannot unmarshal';
  return new YamlError(`${prefix} ${jsonType(value)} into Go value of type ${wanted}`);
}

/** What JSON calls the type of a value. */
export function jsonType(value: Tree): string {
  if (Array.isArray(value)) return 'array';
  if (value instanceof Map) return 'object';
  if (typeof value === 'boolean') return 'bool';
  return typeof value === 'string' ? 'string' : 'number';
}

function textOf(value: Tree): string {
  if (Array.isArray(value) || value instanceof Map) throw cannotUnmarshal(value, 'string');
  if (value === null) return '';
  return typeof value === 'number' ? shortFloat(value) : String(value);
}

/** Bytes that are no UTF-8 do not survive the way through JSON. */
function jsonText(bytes: string): string {
  if (isValidUtf8(bytes)) return bytes;
  return Buffer.from(decodeText(bytes), 'utf8').toString('latin1');
}

function toData(tree: Tree): YamlData {
  if (typeof tree === 'string') return decodeText(tree);
  if (typeof tree === 'bigint') return Number.isSafeInteger(Number(tree)) ? Number(tree) : tree;
  if (Array.isArray(tree)) return tree.map(toData);
  if (tree instanceof Map) return Object.fromEntries([...tree].map(([key, value]) => [decodeText(key), toData(value)]));
  if (typeof tree === 'number' && !Number.isFinite(tree)) {
    throw new YamlError('error converting YAML to JSON: json: unsupported value');
  }
  return tree;
}
