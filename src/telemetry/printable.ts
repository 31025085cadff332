/**
 * What of a log field may be printed. Anything may be passed to a log; only plain, small things get out: bytes show
 * their size, errors their class and message with those of their causes, Kubernetes objects their name. No stack.
 */
import { SecretValue } from '../secret-value.ts';

const DEEPEST = 4;
const LONGEST_TEXT = 8_192;
const MOST_ITEMS = 50;
const DEEPEST_CAUSE = 8;

/** JSON-ready form of one field's value. */
export function printable(value: unknown, depth = 0): unknown {
  if (value === null || typeof value === 'number' || typeof value === 'boolean') return value;
  if (typeof value === 'string') return shortened(value);
  if (typeof value === 'object') return printableObject(value, depth);
  return typeof value === 'bigint' || typeof value === 'symbol' ? String(value) : undefined;
}

/** The fields of a log line. */
export function printableFields(fields: object): Record<string, unknown> {
  if (fields instanceof Error) return { error: describeError(fields) };
  return Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, printable(value)]));
}

/**
 * Class and message, then those of its causes: `SyncError: cannot read key "db" <- ThrottledError: slow down`. A cause whose
 * message its parent already quotes is left out. Errors of this program never hold a value in their message.
 */
export function describeError(error: unknown): string {
  const parts: string[] = [];
  let current: unknown = error;
  for (let depth = 0; depth < DEEPEST_CAUSE && current instanceof Error; depth++) {
    const text = oneLine(current);
    if (!parts.some((part) => current instanceof Error && current.message !== '' && part.includes(current.message))) {
      parts.push(text);
    }
    current = current.cause ?? firstOf(current);
  }
  if (current !== undefined && !(current instanceof Error)) parts.push(`<${typeof current}>`);
  return shortened(parts.join(' <- '));
}

function oneLine(error: Error): string {
  const code = 'code' in error && typeof error.code === 'string' ? ` (${error.code})` : '';
  return error.message === '' ? `${error.name}${code}` : `${error.name}: ${error.message}`;
}

/** Node reports a failed connection as an AggregateError with one error per address tried. */
function firstOf(error: Error): unknown {
  return error instanceof AggregateError ? (error.errors as unknown[])[0] : undefined;
}

function printableObject(value: object, depth: number): unknown {
  if (value instanceof Error) return describeError(value);
  if (value instanceof SecretValue) return value.toString();
  if (value instanceof ArrayBuffer || ArrayBuffer.isView(value)) return `<value: ${value.byteLength} bytes>`;
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? 'Invalid Date' : value.toISOString();
  const name = kubernetesName(value);
  if (name !== undefined) return name;
  if (depth >= DEEPEST) return '<nested>';
  if (value instanceof Map || value instanceof Set) return `<${value.constructor.name}: ${value.size}>`;
  if (Array.isArray(value)) return value.slice(0, MOST_ITEMS).map((item) => printable(item, depth + 1));
  return Object.fromEntries(
    Object.entries(value)
      .slice(0, MOST_ITEMS)
      .map(([name, member]) => [name, printable(member, depth + 1)]),
  );
}

/** Whole objects may hold values (a Secret's data, a template): only who they are is printed. */
function kubernetesName(value: object): string | undefined {
  if (!('metadata' in value) || typeof value.metadata !== 'object' || value.metadata === null) return undefined;
  const { namespace, name } = value.metadata as { namespace?: unknown; name?: unknown };
  const kind = 'kind' in value && typeof value.kind === 'string' ? value.kind : 'object';
  return [kind, namespace, name].filter((part) => typeof part === 'string' && part !== '').join('/');
}

function shortened(text: string): string {
  return text.length <= LONGEST_TEXT ? text : `${text.slice(0, LONGEST_TEXT)}… (${text.length} characters)`;
}
