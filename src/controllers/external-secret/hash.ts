/**
 * The hashes of `behaviour.md` 0.2: SHA3-224 over the text that Go's `%+v` prints. They stand in annotations, labels and
 * statuses that the peer wrote, so every byte of the printed form counts.
 */
import { createHash, hash } from 'node:crypto';

export function hashText(text: string): string {
  return hash('sha3-224', text, 'hex');
}

/** Hash of a Secret's data: keys in byte order, values as lists of decimal bytes. */
export function hashData(data: ReadonlyMap<string, Uint8Array>): string {
  const digest = createHash('sha3-224').update('map[');
  let separator = '';
  for (const key of [...data.keys()].sort(byBytes)) {
    digest
      .update(`${separator}${key}:[`, 'utf8')
      .update(decimalBytes(data.get(key)!))
      .update(']');
    separator = ' ';
  }
  return digest.update(']').digest('hex');
}

/** `<generation>-<hash of annotations and labels>`: what `status.syncedResourceVersion` holds. */
export function versionOf(meta: {
  readonly generation?: number;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
}): string {
  const text = `{annotations:${printMap(meta.annotations)} labels:${printMap(meta.labels)}}`;
  return `${meta.generation ?? 0}-${hashText(text)}`;
}

/** Hash of a JSON value as Go prints it after decoding (manifest targets). */
export function hashValue(value: unknown): string {
  return hashText(printValue(value));
}

function printMap(entries: Readonly<Record<string, string>> | undefined): string {
  const printed = Object.keys(entries ?? {})
    .sort(byBytes)
    .map((key) => `${key}:${entries![key]}`);
  return `map[${printed.join(' ')}]`;
}

function printValue(value: unknown): string {
  if (value === null || value === undefined) return '<nil>';
  if (Array.isArray(value)) return `[${value.map(printValue).join(' ')}]`;
  if (typeof value !== 'object') return printScalar(value);
  const entries = Object.entries(value).sort(([a], [b]) => byBytes(a, b));
  return `map[${entries.map(([key, member]) => `${key}:${printValue(member)}`).join(' ')}]`;
}

function printScalar(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** Go sorts strings by their UTF-8 bytes; JavaScript's `<` compares UTF-16 units, which differs beyond U+FFFF. */
export function byBytes(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a, 'utf8'), Buffer.from(b, 'utf8'));
}

const DECIMALS = Array.from({ length: 256 }, (_, byte) => String(byte));

function decimalBytes(bytes: Uint8Array): string {
  const parts: string[] = [];
  for (const byte of bytes) parts.push(DECIMALS[byte]!);
  return parts.join(' ');
}
