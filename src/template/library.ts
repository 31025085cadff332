/**
 * Rendering on the current thread: bytes in, bytes out, within a budget. What the worker and `index.ts` share.
 */
import { encodeText, fromBytes } from './bytes.ts';
import { parseTemplate, renderParsed, type ParsedTemplate, type RenderOptions } from './engine.ts';
import { GoMap, STRING_MAP, type Value } from './values.ts';
import type { NestedData } from './worker-protocol.ts';

export { parseTemplate, type ParsedTemplate, type ParseOptions, type RenderOptions } from './engine.ts';
export { TemplateError, type ErrorReason, type Position } from './errors.ts';
export { parseKeysAndValues, parseManifestYaml, YamlError, type YamlData } from './yaml/documents.ts';
export { MAIN_THREAD_LIMITS, WORKER_LIMITS, type Limits } from './budget.ts';

/** Nested data: text, bytes, or maps of them. */
export type TemplateData = NestedData;

/**
 * Renders a template over a flat map of keys to bytes, on this thread and within a small budget.
 * @param source template text, or a template parsed before (its name, delimiters and disclosure then hold)
 * @throws TemplateError
 */
export function renderTemplate(
  source: Uint8Array | string | ParsedTemplate,
  data: ReadonlyMap<string, Uint8Array>,
  options: RenderOptions = {},
): Uint8Array {
  return renderParsed(parsed(source, options), flatMap(data), options);
}

/**
 * Renders a template over nested maps of text, as the webhook provider and generator do. There an absent key
 * usually is no error: pass `missingKey: 'default'`.
 * @throws TemplateError
 */
export function renderValueTemplate(
  source: Uint8Array | string | ParsedTemplate,
  data: TemplateData,
  options: RenderOptions = {},
): Uint8Array {
  return renderParsed(parsed(source, options), nestedValue(data), options);
}

function parsed(source: Uint8Array | string | ParsedTemplate, options: RenderOptions): ParsedTemplate {
  return typeof source === 'string' || source instanceof Uint8Array ? parseTemplate(source, options) : source;
}

function flatMap(data: ReadonlyMap<string, Uint8Array>): Value {
  const entries = new Map<string, Value>();
  for (const [key, value] of data) entries.set(encodeText(key), fromBytes(value));
  return new GoMap(STRING_MAP, entries);
}

function nestedValue(data: TemplateData): Value {
  if (typeof data === 'string') return encodeText(data);
  if (data instanceof Uint8Array) return fromBytes(data);
  const pairs: Iterable<readonly [string, TemplateData]> = data instanceof Map ? data : Object.entries(data);
  const entries = new Map<string, Value>();
  for (const [key, value] of pairs) entries.set(encodeText(key), nestedValue(value));
  return new GoMap(mapType(entries), entries);
}

/** `map[string]map[string]string` and the like, when all entries agree. */
function mapType(entries: ReadonlyMap<string, Value>): string {
  const kinds = new Set([...entries.values()].map((value) => (value instanceof GoMap ? value.type : 'string')));
  const [only] = kinds;
  return kinds.size === 1 && only !== undefined
    ? `map[string]${only}`
    : kinds.size === 0
      ? STRING_MAP
      : 'map[string]interface {}';
}
