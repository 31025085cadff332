/**
 * Where a request goes: the rendered URL, held to what the store's author meant (decision D79). What a consumer writes
 * into a key never climbs out of a path.
 */
import { InvalidProviderConfigError, InvalidRefError } from '../errors.ts';
import { parseTarget } from '../outbound.ts';
import type { RemoteRefData } from './templates.ts';

/** @throws InvalidRefError for keys that climb, in plain or encoded. */
export function checkRef({ key, version, property }: RemoteRefData): void {
  for (const [what, text] of [
    ['key', key],
    ['version', version],
    ['property', property],
  ] as const) {
    if (text.split('/').some(climbs))
      throw new InvalidRefError(`the ${what} ${JSON.stringify(text)} must not contain "." or ".." segments`);
    if (/%(?:2f|5c)/i.test(text))
      throw new InvalidRefError(`the ${what} ${JSON.stringify(text)} must not contain an encoded slash`);
    if (/\p{Cc}/u.test(text)) throw new InvalidRefError(`the ${what} contains a control character`);
  }
  if (key.replace(/^\/+/, '').split('/').includes('') && key !== '')
    throw new InvalidRefError(`the key ${JSON.stringify(key)} has an empty segment`);
}

/** The rendered URL. Its text may hold secrets, so messages name none of it. @throws ProviderError */
export function targetOf(text: string): URL {
  if (/\p{Cc}/u.test(text)) throw new InvalidRefError('url: the rendered URL contains a control character');
  const url = parseTarget('url (after rendering)', text);
  const path = text.replace(/^[a-z]+:[/\\]*[^/\\?#]*/i, '').split(/[?#]/, 1)[0] ?? '';
  if (path.split(/[/\\]/).some(climbs))
    throw new InvalidRefError('url: the path of the rendered URL contains "." or ".." segments');
  return url;
}

export interface ProbeTarget {
  readonly hostname: string;
  readonly port: number;
}

/** Host and port of the template as it stands; undefined when they are part of what is rendered. */
export function probeTarget(template: string): ProbeTarget | undefined {
  const [start = ''] = /^\s*[a-z]+:\/\/[^/?#]*/i.exec(template) ?? [];
  if (start === '' && template.includes('{{')) return undefined;
  if (start.includes('{{')) return undefined;
  const url = start === '' ? parseFailure() : parseTarget('url', start.trim());
  const port = url.port === '' ? (url.protocol === 'http:' ? 80 : 443) : Number(url.port);
  return { hostname: url.hostname, port };
}

function parseFailure(): never {
  throw new InvalidProviderConfigError('url: not an http or https URL');
}

function climbs(segment: string): boolean {
  const plain = segment.replaceAll(/%2e/gi, '.');
  return plain === '.' || plain === '..';
}
