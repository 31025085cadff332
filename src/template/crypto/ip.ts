/** IP addresses, read and written as Go's net package does. */
import { isIPv4, isIPv6 } from 'node:net';

/** Four or sixteen bytes of an address; undefined = not one. */
export function parseIp(text: string): Buffer | undefined {
  if (isIPv4(text) && !/(?:^|\.)0\d/.test(text)) return Buffer.from(text.split('.').map(Number));
  if (!isIPv6(text) || text.includes('%')) return undefined;
  const [head = '', tail] = withoutDotted(text).split('::');
  const left = groups(head);
  const right = tail === undefined ? [] : groups(tail);
  const middle = Array.from({ length: tail === undefined ? 0 : 8 - left.length - right.length }, () => 0);
  const bytes = Buffer.from([...left, ...middle, ...right].flatMap((group) => [group >> 8, group & 255]));
  return mapped(bytes) ?? bytes;
}

const groups = (text: string): number[] =>
  text === '' ? [] : text.split(':').map((group) => Number.parseInt(group, 16));

/** Rewrites a dotted end such as `::ffff:1.2.3.4` in hex groups. */
function withoutDotted(text: string): string {
  return text.replace(/(\d+)\.(\d+)\.(\d+)\.(\d+)$/, (_all, ...parts: string[]) => {
    const [a = 0, b = 0, c = 0, d = 0] = parts.map(Number);
    return `${(a * 256 + b).toString(16)}:${(c * 256 + d).toString(16)}`;
  });
}

/** The IPv4 address inside an IPv6 one. */
function mapped(bytes: Buffer): Buffer | undefined {
  const prefix = Buffer.from('00000000000000000000ffff', 'hex');
  return bytes.subarray(0, 12).equals(prefix) ? bytes.subarray(12) : undefined;
}

/** Canonical text of four or sixteen bytes. */
export function formatIp(address: Buffer): string {
  const bytes = address.length === 16 ? (mapped(address) ?? address) : address;
  if (bytes.length === 4) return bytes.join('.');
  if (bytes.length !== 16) return `?${bytes.toString('hex')}`;
  const parts = Array.from({ length: 8 }, (_, i) => bytes.readUInt16BE(i * 2).toString(16));
  const zeros = longestZeros(parts);
  if (zeros === undefined) return parts.join(':');
  return `${parts.slice(0, zeros.start).join(':')}::${parts.slice(zeros.start + zeros.length).join(':')}`;
}

/** The first longest run of at least two zero groups. */
function longestZeros(parts: readonly string[]): { start: number; length: number } | undefined {
  let best: { start: number; length: number } | undefined;
  for (let start = 0; start < parts.length; start++) {
    let length = 0;
    while (parts[start + length] === '0') length++;
    if (length >= 2 && length > (best?.length ?? 0)) best = { start, length };
  }
  return best;
}
