/**
 * Parsing and rendering on the current thread. Synchronous and pure: time, randomness and limits come in with the
 * options, nothing else is looked at.
 */
import { randomBytes } from 'node:crypto';
import { Budget, BudgetExceeded, MAIN_THREAD_LIMITS, OutputTooLarge, type Limits } from './budget.ts';
import { encodeText, fromBytes, toBytes } from './bytes.ts';
import { TemplateError, type ErrorReason } from './errors.ts';
import { Printer } from './format/printer.ts';
import { FUNCTIONS } from './functions/index.ts';
import { execute, type Program } from './language/executor.ts';
import type { MissingKey } from './language/fields.ts';
import { Lexer } from './language/lexer.ts';
import type { Tree } from './language/nodes.ts';
import { parseText } from './language/parser.ts';
import type { Runtime } from './signature.ts';
import type { Value } from './values.ts';

export interface ParseOptions {
  /** Names the template in errors, and is the name of the root template. Default `template`. */
  readonly name?: string;
  /** Default `{{` and `}}`. */
  readonly delimiters?: { readonly left: string; readonly right: string };
  /** Errors may quote the template: it stands in a manifest and is no secret. Default true. */
  readonly showSource?: boolean;
  /** Errors may quote values. Only for tests of conformance. */
  readonly reveal?: boolean;
}

export interface RenderOptions extends ParseOptions {
  /** An absent key is an error (default) or prints `<no value>`. */
  readonly missingKey?: MissingKey;
  /** Where `now` comes from. Default: the machine's clock. */
  readonly clock?: { now(): number };
  /** Random bytes for keys, salts and passwords. Default: node:crypto. */
  readonly random?: (count: number) => Uint8Array;
  /** IANA name of the local zone. Default `UTC`. */
  readonly timeZone?: string;
  readonly limits?: Partial<Limits>;
}

/** A parsed template, to be rendered any number of times. */
export interface ParsedTemplate {
  readonly program: Program;
}

/**
 * Parses template text.
 * @throws TemplateError of class `parse`
 */
export function parseTemplate(source: Uint8Array | string, options: ParseOptions = {}): ParsedTemplate {
  const text = typeof source === 'string' ? encodeText(source) : fromBytes(source);
  const name = encodeText(options.name ?? 'template');
  const show = { source: options.showSource ?? true, reveal: options.reveal ?? false };
  const origin = { name, show };
  const trees = new Map<string, Tree>();
  const { left, right } = options.delimiters ?? { left: '', right: '' };
  const lexer = new Lexer(text, { left: encodeText(left) || '{{', right: encodeText(right) || '}}' });
  try {
    parseText({ lexer, origin, trees, isFunction: (word) => FUNCTIONS.has(word), depth: 0 });
  } catch (error) {
    throw asTemplateError(error, 'parse', name);
  }
  return { program: { origin, text, trees } };
}

/**
 * Renders a parsed template with any value as the dot.
 * @throws TemplateError of class `exec`; its reason `budget` means that more steps or memory might help
 */
export function renderParsed({ program }: ParsedTemplate, dot: Value, options: RenderOptions = {}): Uint8Array {
  const limits = { ...MAIN_THREAD_LIMITS, ...options.limits };
  const runtime = createRuntime(limits, options);
  const output: string[] = [];
  const missingKey = options.missingKey ?? 'error';
  try {
    execute({ program, functions: FUNCTIONS, missingKey, runtime, output }, program.origin.name, dot);
  } catch (error) {
    throw asTemplateError(error, 'exec', program.origin.name);
  }
  return toBytes(output.join(''));
}

function createRuntime(limits: Limits, options: RenderOptions): Runtime {
  const budget = new Budget(limits);
  const clock = options.clock ?? Date;
  return {
    budget,
    printer: new Printer(budget),
    now: () => clock.now(),
    randomBytes: options.random ?? randomBytes,
    timeZone: options.timeZone ?? 'UTC',
  };
}

/** Limits and the engine's own faults as errors that callers know; nothing of them quotes a value. */
function asTemplateError(error: unknown, kind: 'parse' | 'exec', name: string): TemplateError {
  if (error instanceof TemplateError) return error;
  const position = { name, line: 1 };
  const limit = (reason: ErrorReason, text: string): TemplateError =>
    new TemplateError(kind, `template: ${name}: ${text}`, position, reason);
  if (error instanceof OutputTooLarge) return limit('output', error.message);
  if (error instanceof BudgetExceeded) return limit('budget', 'rendering takes more work than allowed');
  if (error instanceof RangeError) return limit('budget', 'rendering takes more memory than allowed');
  const type = error instanceof Error ? error.name : typeof error;
  return new TemplateError(kind, `template: ${name}: the engine failed (${type})`, position);
}
