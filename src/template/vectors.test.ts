/**
 * Holds the engine to what Go made of the same templates: `test/vectors/templates/*.golden.json`, written by
 * `tools/golden`. Every output byte, error class and message must be equal, and no masked message may hold a value.
 */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import {
  parseKeysAndValues,
  parseManifestYaml,
  renderTemplate,
  renderValueTemplate,
  TemplateError,
  WORKER_LIMITS,
  YamlError,
  type RenderOptions,
} from './index.ts';

const FOLDER = new URL('../../test/vectors/templates/', import.meta.url);

interface Vector {
  readonly template?: string;
  readonly templateBase64?: string;
  readonly data?: Readonly<Record<string, string>>;
  readonly bytes?: Readonly<Record<string, string>>;
  readonly nested?: Readonly<Record<string, Readonly<Record<string, string>>>>;
  readonly name?: string;
  readonly missingKey?: 'error' | 'default';
  readonly delims?: readonly [string, string];
  readonly output?: string;
  readonly outputBase64?: string;
  readonly error?: string;
  readonly class?: 'parse' | 'exec' | 'yaml';
  /** The output is then read as YAML, and printed as JSON with sorted keys. */
  readonly parse?: 'keysAndValues' | 'manifest';
  /** Only the class of the error must match: its text comes from a library (templating contract 10 and 21). */
  readonly loose?: boolean;
}

interface VectorFile {
  readonly shared: { readonly data?: Record<string, string>; readonly bytes?: Record<string, string> };
  readonly cases: readonly Vector[];
}

type Result = { readonly output: Buffer } | { readonly error: TemplateError | YamlError };

function dataOf(file: VectorFile, vector: Vector): Map<string, Uint8Array> {
  const data = new Map<string, Uint8Array>();
  for (const texts of [file.shared.data, vector.data]) {
    for (const [key, text] of Object.entries(texts ?? {})) data.set(key, Buffer.from(text, 'utf8'));
  }
  for (const encoded of [file.shared.bytes, vector.bytes]) {
    for (const [key, text] of Object.entries(encoded ?? {})) data.set(key, Buffer.from(text, 'base64'));
  }
  return data;
}

function render(file: VectorFile, vector: Vector, reveal: boolean): Result {
  const template = Buffer.from(vector.template ?? '', 'utf8');
  const source = vector.templateBase64 === undefined ? template : Buffer.from(vector.templateBase64, 'base64');
  const [left, right] = vector.delims ?? [];
  const options: RenderOptions = {
    name: vector.name ?? 't',
    missingKey: vector.missingKey ?? 'error',
    reveal,
    limits: WORKER_LIMITS,
    ...(left !== undefined && right !== undefined ? { delimiters: { left, right } } : {}),
  };
  try {
    const { nested } = vector;
    const bytes =
      nested === undefined
        ? renderTemplate(source, dataOf(file, vector), options)
        : renderValueTemplate(source, nested, options);
    return { output: Buffer.from(vector.parse === undefined ? bytes : parsed(vector.parse, bytes)) };
  } catch (error) {
    if (error instanceof TemplateError || error instanceof YamlError) return { error };
    throw error;
  }
}

/** Rendered YAML as Go's JSON: keys in byte order. */
function parsed(how: 'keysAndValues' | 'manifest', bytes: Uint8Array): string {
  if (how === 'manifest') return JSON.stringify(sorted(parseManifestYaml(bytes)));
  const texts = [...parseKeysAndValues(bytes)].map(([key, value]) => [key, Buffer.from(value).toString('utf8')]);
  return JSON.stringify(sorted(Object.fromEntries(texts)));
}

function sorted(data: unknown): unknown {
  if (Array.isArray(data)) return data.map(sorted);
  if (typeof data !== 'object' || data === null) return data;
  const pairs = Object.entries(data).map(([key, value]) => [key, sorted(value)] as const);
  return Object.fromEntries(pairs.sort(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b))));
}

function expected(vector: Vector): string {
  if (vector.error !== undefined) return `${vector.class} error: ${vector.loose === true ? '' : vector.error}`;
  return vector.output ?? `base64:${vector.outputBase64 ?? ''}`;
}

function actual(vector: Vector, result: Result): string {
  if ('error' in result) {
    const kind = result.error instanceof TemplateError ? result.error.class : 'yaml';
    return `${kind} error: ${vector.loose === true ? '' : result.error.message}`;
  }
  return vector.outputBase64 === undefined
    ? result.output.toString('utf8')
    : `base64:${result.output.toString('base64')}`;
}

/** Values long enough that finding one in a message is no accident. */
function leaked(file: VectorFile, vector: Vector, error: Error): string | undefined {
  const template = vector.template ?? '';
  return [...dataOf(file, vector).values()]
    .map((value) => Buffer.from(value).toString('utf8'))
    .find((text) => text.length >= 8 && error.message.includes(text) && !template.includes(text));
}

for (const name of readdirSync(FOLDER).filter((each) => each.endsWith('.golden.json'))) {
  const file = JSON.parse(readFileSync(new URL(name, FOLDER), 'utf8')) as VectorFile;
  const group = name.replace('.golden.json', '');
  describe(`templates of group ${group} render as in Go`, () => {
    file.cases.forEach((vector, i) => {
      it(`${i}: ${(vector.template ?? vector.templateBase64 ?? '').slice(0, 120)}`, () => {
        assert.equal(actual(vector, render(file, vector, true)), expected(vector));
        if (vector.error === undefined) return;
        const masked = render(file, vector, false);
        if ('error' in masked) assert.equal(leaked(file, vector, masked.error), undefined);
      });
    });
  });
}
