/** urlParse and urlJoin. */
import { failure, word } from '../errors.ts';
import { define } from '../signature.ts';
import { dict, kindOf, type GoMap, type Value } from '../values.ts';
import { formatUrl, hostname, parseUrlFor } from './url.ts';

function parse(text: string): Value {
  const url = parseUrlFor('unable to parse url', text);
  const { scheme, host, path, query, opaque, fragment, userinfo = '' } = url;
  return dict(Object.entries({ scheme, host, hostname: hostname(host), path, query, opaque, fragment, userinfo }));
}

function part(parts: GoMap, key: string): string {
  if (!parts.entries.has(key)) return '';
  const value = parts.entries.get(key) ?? null;
  if (typeof value === 'string') return value;
  if (value === null) throw failure`runtime error: invalid memory address or nil pointer dereference`;
  throw failure`unable to parse ${word(key)} key, must be of type string, but ${word(kindOf(value))} found`;
}

function parseUserinfo(given: string): string | undefined {
  return parseUrlFor('unable to parse userinfo in dict', `proto://${given}@host`).userinfo;
}

function join(parts: GoMap): string {
  const given = part(parts, 'userinfo');
  return formatUrl({
    scheme: part(parts, 'scheme'),
    host: part(parts, 'host'),
    path: part(parts, 'path'),
    query: part(parts, 'query'),
    opaque: part(parts, 'opaque'),
    fragment: part(parts, 'fragment'),
    userinfo: given === '' ? undefined : parseUserinfo(given),
  });
}

export const urlFunctions = [...define('urlParse', 'string', parse), ...define('urlJoin', 'dict', join)];
