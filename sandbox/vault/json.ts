/**
 * JSON as Vault keeps it: members sorted by name, and where it does not touch numbers (KV version 1) every digit of
 * them.
 */

/** Node's raw JSON values: printed as they were read. The type library does not know them yet. */
const exactJson = JSON as unknown as {
  parse(text: string, reviver: (key: string, value: unknown, context: { source?: string }) => unknown): unknown;
  rawJSON(text: string): unknown;
  isRawJSON(value: unknown): boolean;
};

/** Parses; numbers print later exactly as they were written. */
export function parseExact(text: string): unknown {
  return exactJson.parse(text, (_key, value, { source }) =>
    typeof value === 'number' && source !== undefined ? exactJson.rawJSON(source) : value,
  );
}

export type JsonBody = Readonly<Record<string, unknown>>;

export function isObject(value: unknown): value is JsonBody {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !exactJson.isRawJSON(value);
}

export function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (!isObject(value)) return value;
  const entries = Object.entries(value).map(([name, member]) => [name, sorted(member)] as const);
  return Object.fromEntries(entries.sort(([left], [right]) => (left < right ? -1 : 1)));
}

export function text(body: JsonBody, name: string): string {
  const value = body[name];
  return typeof value === 'string' ? value : typeof value === 'number' ? String(value) : '';
}

/** A list, or texts with commas between them. */
export function texts(body: JsonBody, name: string): string[] {
  const value = body[name];
  if (Array.isArray(value)) return value.map(String);
  return typeof value === 'string' && value !== '' ? value.split(',').map((part) => part.trim()) : [];
}

export function flag(body: JsonBody, name: string): boolean {
  return body[name] === true || body[name] === 'true';
}
