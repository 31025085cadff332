/**
 * The string formats a CRD may ask for and the API server really checks. Unknown formats check nothing, as there.
 */
import { isIP } from 'node:net';

const FORMATS: ReadonlyMap<string, (text: string) => boolean> = new Map([
  ['byte', isBase64],
  ['date-time', isDateTime],
  ['date', (text) => /^\d{4}-\d\d-\d\d$/.test(text) && !Number.isNaN(Date.parse(text))],
  ['uuid', (text) => /^[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}$/i.test(text)],
  ['ipv4', (text) => isIP(text) === 4],
  ['ipv6', (text) => isIP(text) === 6],
  ['uri', (text) => URL.canParse(text)],
]);

export function hasFormat(text: string, format: string): boolean {
  return FORMATS.get(format)?.(text) ?? true;
}

export function isCheckedFormat(format: string): boolean {
  return FORMATS.has(format);
}

/** Padded standard base64, line breaks allowed, as Go's decoder reads it. */
export function isBase64(text: string): boolean {
  const joined = text.replaceAll(/[\r\n]/g, '');
  return joined.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(joined);
}

function isDateTime(text: string): boolean {
  return /^\d{4}-\d\d-\d\dt\d\d:\d\d:\d\d(\.\d+)?(z|[+-]\d\d:\d\d)$/i.test(text) && !Number.isNaN(Date.parse(text));
}
