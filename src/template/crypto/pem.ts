/** PEM blocks, found and written as Go's encoding/pem does. */
import { decodeBase64 } from '../functions/base-n.ts';
import { trimSpace } from '../functions/text.ts';

export interface PemBlock {
  readonly type: string;
  readonly headers: ReadonlyMap<string, string>;
  readonly bytes: Buffer;
}

const BEGIN = '-----BEGIN ';
const END = '\n-----END ';
const DASHES = '-----';

/** A line without its end and without blanks at the end, and where the next begins. */
function lineAt(text: string, at: number): { line: string; next: number } {
  const end = text.indexOf('\n', at);
  const stop = end < 0 ? text.length : end;
  const line = text.slice(at, end > at && text[end - 1] === '\r' ? end - 1 : stop);
  return { line: line.replace(/[ \t]+$/, ''), next: end < 0 ? text.length : end + 1 };
}

/** The first well-formed block of a text, and what follows it; malformed ones are passed over. */
export function decodePem(text: string): { block: PemBlock; rest: string } | undefined {
  for (let from = 0; ;) {
    const end = text.indexOf(END, from);
    if (end < 0) return undefined;
    const begin = text.lastIndexOf(BEGIN, end - BEGIN.length);
    const atLineStart = begin === from || text[begin - 1] === '\n';
    const found = begin >= from && atLineStart ? blockAt(text, begin, end) : undefined;
    if (found !== undefined) return found;
    from = end + END.length;
  }
}

function blockAt(text: string, begin: number, end: number): { block: PemBlock; rest: string } | undefined {
  const first = lineAt(text, begin + BEGIN.length);
  if (!first.line.endsWith(DASHES)) return undefined;
  const type = first.line.slice(0, -DASHES.length);
  const { headers, body } = headersAt(text, first.next);
  if (headers.size > 0 && body > end) return undefined;
  const trailer = text.slice(end + END.length);
  if (!trailer.startsWith(type + DASHES)) return undefined;
  const after = lineAt(trailer, type.length + DASHES.length);
  if (after.line !== '') return undefined;
  const decoded = decodeBase64(text.slice(body, Math.max(end, body)).replace(/[ \t]/g, ''));
  if (!('bytes' in decoded)) return undefined;
  return { block: { type, headers, bytes: Buffer.from(decoded.bytes, 'latin1') }, rest: trailer.slice(after.next) };
}

function headersAt(text: string, from: number): { headers: Map<string, string>; body: number } {
  const headers = new Map<string, string>();
  let body = from;
  while (body < text.length) {
    const { line, next } = lineAt(text, body);
    const colon = line.indexOf(':');
    if (colon < 0) break;
    headers.set(trimSpace(line.slice(0, colon)), trimSpace(line.slice(colon + 1)));
    body = next;
  }
  return { headers, body };
}

/** All blocks of a text, and what is left after the last. */
export function decodeAllPem(text: string): { blocks: PemBlock[]; rest: string } {
  const blocks: PemBlock[] = [];
  let rest = text;
  for (let found = decodePem(rest); found !== undefined; found = decodePem(rest)) {
    blocks.push(found.block);
    rest = found.rest;
  }
  return { blocks, rest };
}

/** Text of a block: headers (Proc-Type first), base64 in lines of 64. */
export function encodePem(type: string, bytes: Uint8Array, headers: ReadonlyMap<string, string> = new Map()): string {
  const lines =
    Buffer.from(bytes)
      .toString('base64')
      .match(/.{1,64}/g) ?? [];
  const body = lines.map((line) => `${line}\n`).join('');
  return `${BEGIN}${type}${DASHES}\n${headerText(headers)}${body}-----END ${type}${DASHES}\n`;
}

function headerText(headers: ReadonlyMap<string, string>): string {
  if (headers.size === 0) return '';
  const rank = (key: string): string => (key === 'Proc-Type' ? '' : key);
  const keys = [...headers.keys()].sort((a, b) => (rank(a) < rank(b) ? -1 : 1));
  return `${keys.map((key) => `${key}: ${headers.get(key)}\n`).join('')}\n`;
}
