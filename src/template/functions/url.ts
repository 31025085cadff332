/** URLs as Go's net/url takes them apart and puts them together. */
import { failure, Failure, message, value as hidden, word, type Message } from '../errors.ts';
import { quote } from '../format/quote.ts';

export interface Url {
  readonly scheme: string;
  readonly opaque: string;
  /** User and password, encoded; undefined = none. */
  readonly userinfo: string | undefined;
  readonly host: string;
  readonly path: string;
  readonly query: string;
  readonly fragment: string;
}

/** What may stand unescaped in each part. */
const PATH = /[A-Za-z0-9\-_.~$&+,/:;=@]/;
const FRAGMENT = /[A-Za-z0-9\-_.~$&+,/:;=?@!()*]/;
const USER = /[A-Za-z0-9\-_.~$&+,;=]/;
const HOST = /[A-Za-z0-9\-_.~!$&'()*+,;=:[\]<>"]/;

export function escapePart(text: string, allowed: RegExp): string {
  return text.replace(/[\s\S]/g, (c) => {
    return allowed.test(c) ? c : `%${c.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`;
  });
}

function badEscape(text: string, at: number): Message {
  return message`invalid URL escape ${hidden(quote(text.slice(at, at + 3)))}`;
}

/** Decodes %XX. `host`: only bytes beyond ASCII may be written so. */
function unescape(text: string, host = false): string {
  return text.replace(/%([0-9a-fA-F]{2})?/g, (_all, digits: string | undefined, at: number) => {
    if (digits === undefined) throw failure`${badEscape(text, at)}`;
    const code = Number.parseInt(digits, 16);
    if (host && code < 0x80 && digits !== '25') throw failure`${badEscape(text, at)}`;
    return String.fromCharCode(code);
  });
}

/** A URL and what comes after its `#`, which is taken apart by itself. */
function cutFragment(text: string): { bare: string; fragment: string } {
  const hash = text.indexOf('#');
  return hash < 0 ? { bare: text, fragment: '' } : { bare: text.slice(0, hash), fragment: text.slice(hash + 1) };
}

const NOTHING = { scheme: '', opaque: '', userinfo: undefined, host: '', path: '', query: '', fragment: '' };

function parseWithoutFragment(text: string): Url {
  // oxlint-disable-next-line no-control-regex -- control characters are what is refused
  if (/[\0-\x1f\x7f]/.test(text)) throw failure`net/url: invalid control character in URL`;
  if (text === '') return NOTHING;
  if (text === '*') return { ...NOTHING, path: '*' };
  const { scheme, rest } = splitScheme(text);
  const question = rest.indexOf('?');
  const query = question < 0 ? '' : rest.slice(question + 1);
  const body = question < 0 ? rest : rest.slice(0, question);
  const url = { ...NOTHING, scheme, query };
  if (!body.startsWith('/')) {
    if (scheme !== '') return { ...url, opaque: body };
    const [first = ''] = body.split('/', 1);
    if (first.includes(':')) throw failure`first path segment in URL cannot contain colon`;
  }
  const hasAuthority = (scheme !== '' || !body.startsWith('///')) && body.startsWith('//');
  if (!hasAuthority) return { ...url, path: unescape(body) };
  const slash = body.indexOf('/', 2);
  const authority = slash < 0 ? body.slice(2) : body.slice(2, slash);
  return { ...url, ...parseAuthority(authority), path: slash < 0 ? '' : unescape(body.slice(slash)) };
}

function splitScheme(text: string): { scheme: string; rest: string } {
  const [all = '', scheme = ''] = /^([A-Za-z][A-Za-z0-9+\-.]*):/.exec(text) ?? [];
  if (all !== '') return { scheme: scheme.toLowerCase(), rest: text.slice(all.length) };
  if (text.startsWith(':')) throw failure`missing protocol scheme`;
  return { scheme: '', rest: text };
}

function parseAuthority(authority: string): { userinfo: string | undefined; host: string } {
  const at = authority.lastIndexOf('@');
  const host = parseHost(authority.slice(at + 1));
  if (at < 0) return { userinfo: undefined, host };
  const given = authority.slice(0, at);
  if (!/^[A-Za-z0-9\-._:~!$&'()*+,;=%@]*$/.test(given)) throw failure`net/url: invalid userinfo`;
  const colon = given.indexOf(':');
  if (colon < 0) return { userinfo: escapePart(unescape(given), USER), host };
  const user = escapePart(unescape(given.slice(0, colon)), USER);
  return { userinfo: `${user}:${escapePart(unescape(given.slice(colon + 1)), USER)}`, host };
}

function parseHost(host: string): string {
  if (host.startsWith('[')) {
    const close = host.lastIndexOf(']');
    if (close < 0) throw failure`missing ']' in host`;
    checkPort(host.slice(close + 1));
  } else {
    const colon = host.lastIndexOf(':');
    if (colon >= 0) checkPort(host.slice(colon));
  }
  const decoded = unescape(host, true);
  const bad = /[^A-Za-z0-9\-_.~!$&'()*+,;=:[\]<>"%\x80-\xff]/.exec(host)?.[0];
  if (bad !== undefined) throw failure`invalid character ${hidden(quote(bad))} in host name`;
  return decoded;
}

function checkPort(port: string): void {
  if (/^(?::\d*)?$/.test(port)) return;
  throw failure`invalid port ${hidden(quote(port))} after host`;
}

/** The host without port and brackets. */
export function hostname(host: string): string {
  if (host.startsWith('[')) return host.slice(1, host.includes(']') ? host.indexOf(']') : undefined);
  const colon = host.lastIndexOf(':');
  return colon >= 0 && /^:\d*$/.test(host.slice(colon)) ? host.slice(0, colon) : host;
}

/** Puts a URL together, escaping what must be. */
export function formatUrl(url: Url): string {
  const scheme = url.scheme === '' ? '' : `${url.scheme}:`;
  const tail =
    (url.query === '' ? '' : `?${url.query}`) + (url.fragment === '' ? '' : `#${escapePart(url.fragment, FRAGMENT)}`);
  if (url.opaque !== '') return scheme + url.opaque + tail;
  return scheme + authorityOf(url) + pathOf(url, scheme) + tail;
}

function authorityOf({ scheme, host, path, userinfo }: Url): string {
  if (scheme === '' && host === '' && userinfo === undefined) return '';
  const user = userinfo === undefined ? '' : `${userinfo}@`;
  const slashes = host !== '' || path !== '' || userinfo !== undefined ? '//' : '';
  return slashes + user + escapePart(host, HOST);
}

function pathOf({ host, path, userinfo }: Url, before: string): string {
  const escaped = path === '*' ? '*' : escapePart(path, PATH);
  const slash = escaped !== '' && !escaped.startsWith('/') && host !== '' ? '/' : '';
  const colonFirst =
    before === '' && host === '' && userinfo === undefined && (escaped.split('/')[0] ?? '').includes(':');
  return slash + (colonFirst ? './' : '') + escaped;
}

/** Takes a URL apart, for a function whose errors begin with `prefix`. @throws Failure */
export function parseUrlFor(prefix: string, text: string): Url {
  const { bare, fragment } = cutFragment(text);
  const url = orExplain(prefix, bare, () => parseWithoutFragment(bare));
  return { ...url, fragment: orExplain(prefix, text, () => unescape(fragment)) };
}

/** Errors name what could not be parsed, and end in the cause. */
function orExplain<T>(prefix: string, text: string, parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    throw failure`${word(prefix)}: parse ${hidden(quote(text))}: ${error.detail}`;
  }
}
