/**
 * Which proxy a request goes through, as `HTTPS_PROXY`, `HTTP_PROXY` and `NO_PROXY` say it and Go programs read them. Pure.
 */
import { BlockList, isIP } from 'node:net';

/** The values of the three variables; undefined where unset. */
export interface Proxies {
  readonly http: string | undefined;
  readonly https: string | undefined;
  /** Comma-separated: `*`, a host with its subdomains, `.domain` for subdomains only, an address, a CIDR; each but `*` may end with a port. */
  readonly no: string | undefined;
}

/** The proxy's URL; undefined: none, as always for this machine itself. */
export function proxyFor(target: string, { http, https, no }: Proxies): string | undefined {
  const url = new URL(target);
  const proxy = url.protocol === 'https:' ? https : http;
  if (proxy === undefined || isExempt(url, no ?? '')) return undefined;
  // Go takes an address without a scheme for that of an HTTP proxy.
  return proxy.includes('://') ? proxy : `http://${proxy}`;
}

function isExempt(url: URL, no: string): boolean {
  const host = url.hostname.replaceAll(/^\[|\]$/g, '').toLowerCase();
  const port = url.port === '' ? (url.protocol === 'https:' ? '443' : '80') : url.port;
  if (host === 'localhost' || (isIP(host) > 0 && LOOPBACK.check(host, family(host)))) return true;
  return no
    .split(',')
    .map((entry) => entry.trim().toLowerCase())
    .some((entry) => entry !== '' && covers(entry, host, port));
}

function covers(entry: string, host: string, port: string): boolean {
  if (entry === '*') return true;
  if (entry.includes('/')) return isInRange(entry, host);
  const [name, wanted] = hostAndPort(entry);
  if (wanted !== undefined && wanted !== port) return false;
  if (isIP(name) > 0) return name === host;
  const domain = name.replace(/^\*?\./, '');
  return host.endsWith(`.${domain}`) || (domain === name && host === domain);
}

/** `host`, `host:port`, `[v6]:port` or a bare IPv6 address. */
function hostAndPort(entry: string): readonly [host: string, port: string | undefined] {
  if (isIP(entry) === 6) return [entry, undefined];
  const [, host = entry, port] = /^\[?([^\]]*?)\]?(?::(\d+))?$/.exec(entry) ?? [];
  return [host, port];
}

function isInRange(cidr: string, host: string): boolean {
  const [address = '', prefix = ''] = cidr.split('/');
  const bits = /^\d{1,3}$/.test(prefix) ? Number(prefix) : Number.NaN;
  if (isIP(host) === 0 || isIP(address) !== isIP(host) || !(bits <= (isIP(address) === 6 ? 128 : 32))) return false;
  const range = new BlockList();
  range.addSubnet(address, bits, family(address));
  return range.check(host, family(host));
}

function family(address: string): 'ipv4' | 'ipv6' {
  return isIP(address) === 6 ? 'ipv6' : 'ipv4';
}

const LOOPBACK = new BlockList();
LOOPBACK.addSubnet('127.0.0.0', 8, 'ipv4');
LOOPBACK.addAddress('::1', 'ipv6');
