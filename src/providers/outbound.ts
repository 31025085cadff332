/**
 * The way out for every URL a tenant can set (Vault server, webhook, kubernetes server): a connection pool that looks
 * at the address after name resolution and refuses those that lead into the operator's own Pod, node or cloud account
 * (decision D73). Because each connection is checked, a redirect or a changed DNS answer is checked as well.
 */
import { lookup, type LookupAddress, type LookupAllOptions } from 'node:dns';
import { BlockList, isIP, type LookupFunction, type Socket } from 'node:net';
import { Agent, buildConnector } from 'undici';
import { BackendUnavailableError, InvalidProviderConfigError, ProviderError } from './errors.ts';
import { proxyFor, type Proxies } from '../proxy.ts';
import { describeTlsError, secureContextOf, type OutboundTls } from './outbound-tls.ts';
import { openTunnel } from './tunnel.ts';

export type { OutboundTls } from './outbound-tls.ts';

export type AddressClass = 'unspecified' | 'loopback' | 'link-local' | 'metadata service';

/** Answers that are larger than this are cut off: a tenant's server must not fill the operator's memory. */
const LARGEST_ANSWER_BYTES = 32 * 1024 * 1024;
const CONNECT_TIMEOUT_MS = 10_000;

const REFUSED: readonly (readonly [AddressClass, readonly string[]])[] = [
  [
    'metadata service',
    ['169.254.169.254/32', '169.254.170.2/32', '169.254.170.23/32', '100.100.100.200/32', '168.63.129.16/32'],
  ],
  ['metadata service', ['fd00:ec2::254/128', 'fd00:ec2::23/128', 'fd20:ce::254/128']],
  ['loopback', ['127.0.0.0/8', '::1/128']],
  ['link-local', ['169.254.0.0/16', 'fe80::/10']],
  ['unspecified', ['0.0.0.0/8', '::/128']],
];
const REFUSED_LISTS = REFUSED.map(([kind, cidrs]) => [kind, blockList(cidrs)] as const);

/** Which addresses a tenant's URL may reach, and through which proxy. Immutable. */
export class OutboundRules {
  readonly #opened: BlockList;
  readonly #proxies: Proxies | undefined;

  /** `allowTargets`: the CIDRs of `--allow-targets`. @throws RangeError naming a text that is no CIDR. */
  constructor(allowTargets: readonly string[] = [], proxies?: Proxies) {
    this.#opened = blockList(allowTargets);
    this.#proxies = proxies;
  }

  /** The proxy that the operator's owner wants for this URL; undefined: none. */
  proxyFor(url: string): string | undefined {
    return this.#proxies === undefined ? undefined : proxyFor(url, this.#proxies);
  }

  /** Why `address` (an IP address, IPv6 without brackets) must not be connected to; undefined when it may. */
  refusal(address: string): AddressClass | undefined {
    const plain = withoutEmbedding(address);
    if (contains(this.#opened, plain)) return undefined;
    return REFUSED_LISTS.find(([, list]) => contains(list, plain))?.[0];
  }
}

export interface OutboundOptions {
  readonly rules: OutboundRules;
  readonly tls?: OutboundTls | undefined;
  /** Most connections per origin; default 16. */
  readonly connections?: number | undefined;
}

/**
 * A connection pool for one session. Refused targets reject with {@link InvalidProviderConfigError}. It follows no
 * redirect; close it when the session ends.
 */
export function outboundAgent(options: OutboundOptions): Agent {
  return new Agent({
    connect: guardedConnector(options.rules, options.tls ?? {}, CONNECT_TIMEOUT_MS),
    connections: options.connections ?? 16,
    maxResponseSize: LARGEST_ANSWER_BYTES,
  });
}

/** The server part of a tenant's URL, checked. @throws InvalidProviderConfigError naming `field`. */
export function parseTarget(field: string, text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const plain = url !== undefined && (url.protocol === 'http:' || url.protocol === 'https:');
  if (!plain) throw new InvalidProviderConfigError(`${field}: not an http or https URL`);
  if (url.username !== '' || url.password !== '')
    throw new InvalidProviderConfigError(`${field}: credentials inside a URL are not accepted`);
  return url;
}

/** One line for people about a failed connection: no ports of our own, no stack, stable from try to try. */
export function describeNetworkError(error: unknown): string {
  const root = error instanceof AggregateError ? error.errors[0] : error;
  if (!(root instanceof Error)) return 'the connection failed';
  const code = 'code' in root && typeof root.code === 'string' ? root.code : '';
  const message = describeTlsError(code, root.message) ?? root.message.split('\n', 1)[0] ?? '';
  return code === '' || message.includes(code) ? message : `${message} (${code})`;
}

/**
 * Proves that something listens there, by connecting and hanging up.
 * @throws BackendUnavailableError, InvalidProviderConfigError for a refused address, or the abort reason.
 */
export function probeConnection(
  rules: OutboundRules,
  target: { readonly hostname: string; readonly port: number },
  timeoutMs: number,
  signal: AbortSignal,
): Promise<void> {
  const connect = guardedConnector(rules, {}, timeoutMs);
  const { hostname, port } = target;
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    const onAbort = (): void => reject(signal.reason);
    signal.addEventListener('abort', onAbort, { once: true });
    connect({ protocol: 'http:', hostname, port: String(port) }, (error, socket) => {
      signal.removeEventListener('abort', onAbort);
      socket?.destroy();
      if (error === null) resolve();
      else if (error instanceof ProviderError) reject(error);
      else reject(new BackendUnavailableError(unreachableAt(hostname, port, error), { cause: error }));
    });
  });
}

function unreachableAt(hostname: string, port: number, error: unknown): string {
  return `${hostname}:${port} cannot be reached: ${describeNetworkError(error)}`;
}

function guardedConnector(rules: OutboundRules, tls: OutboundTls, timeoutMs: number): buildConnector.connector {
  const secureContext = secureContextOf(tls);
  const connect = buildConnector({
    lookup: guardedLookup(rules),
    timeout: timeoutMs,
    allowH2: false,
    ...(secureContext === undefined ? {} : { secureContext }),
    ...(tls.serverName === undefined ? {} : { servername: tls.serverName }),
  });
  return (target, callback) => {
    const literal = target.hostname.replace(/^\[|\]$/g, '');
    const refusal = isIP(literal) === 0 ? undefined : rules.refusal(literal);
    // A literal address is never looked up, so the lookup below would not see it.
    if (refusal !== undefined) return callback(refused(literal, literal, refusal), null);
    const port = target.port === '' ? '' : `:${target.port}`;
    const proxy = rules.proxyFor(`${target.protocol}//${target.hostname}${port}`);
    if (proxy === undefined) connect(target, callback);
    else throughProxy({ rules, proxy, target, timeoutMs, connect }, callback);
  };
}

interface ProxiedTarget {
  readonly rules: OutboundRules;
  readonly proxy: string;
  readonly target: buildConnector.Options;
  readonly timeoutMs: number;
  /** Speaks TLS inside the tunnel. */
  readonly connect: buildConnector.connector;
}

/** The proxy resolves the name, so what it leads to is looked at here first, as far as this machine knows the name. */
function throughProxy(
  { rules, proxy, target, timeoutMs, connect }: ProxiedTarget,
  callback: buildConnector.Callback,
): void {
  const { protocol, hostname } = target;
  const port = target.port === '' ? (protocol === 'https:' ? 443 : 80) : Number(target.port);
  const open = (refusal: unknown): void => {
    if (refusal instanceof InvalidProviderConfigError) return callback(refusal, null);
    const opened = (socket: Socket): void => {
      if (protocol === 'https:') connect({ ...target, httpSocket: socket }, callback);
      else callback(null, socket);
    };
    openTunnel({ proxy, hostname, port, timeoutMs }, opened, (error) => callback(error, null));
  };
  if (isIP(hostname.replaceAll(/^\[|\]$/g, '')) > 0) open(undefined);
  else guardedLookup(rules)(hostname, { all: true }, open);
}

/** Name resolution that leaves out the addresses the rules refuse, and fails when none is left. */
function guardedLookup(rules: OutboundRules): LookupFunction {
  return (hostname, options, callback) => {
    const all: LookupAllOptions = { ...options, all: true };
    lookup(hostname, all, (error, found: LookupAddress[]) => {
      const open = error === null ? found.filter(({ address }) => rules.refusal(address) === undefined) : [];
      const [first] = open;
      if (error !== null) callback(error, '');
      else if (first === undefined) callback(nothingLeft(hostname, found, rules), '');
      else if (options.all === true) callback(null, open);
      else callback(null, first.address, first.family);
    });
  };
}

function nothingLeft(hostname: string, found: readonly LookupAddress[], rules: OutboundRules): Error {
  const address = found[0]?.address;
  const refusal = address === undefined ? undefined : rules.refusal(address);
  if (address === undefined || refusal === undefined) return new Error(`${hostname} has no address`);
  return refused(hostname, address, refusal);
}

function refused(host: string, address: string, kind: AddressClass): InvalidProviderConfigError {
  const where = host === address ? host : `${host} (${address})`;
  return new InvalidProviderConfigError(
    `connections to ${where} are refused: ${kind} addresses are closed to stores and generators; ` +
      `the operator's owner can open them with --allow-targets`,
  );
}

function blockList(cidrs: readonly string[]): BlockList {
  const list = new BlockList();
  for (const cidr of cidrs) {
    const [address = '', prefix] = cidr.trim().split('/');
    const version = isIP(address);
    const longest = version === 6 ? 128 : 32;
    const bits = prefix === undefined ? longest : /^\d{1,3}$/.test(prefix) ? Number(prefix) : Number.NaN;
    if (version === 0 || !(bits <= longest))
      throw new RangeError(`"${cidr}" is no CIDR such as 10.0.0.0/8 or fd00::/8`);
    list.addSubnet(address, bits, version === 6 ? 'ipv6' : 'ipv4');
  }
  return list;
}

function contains(list: BlockList, address: string): boolean {
  return list.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4');
}

/**
 * The IPv4 address inside an IPv6 one, where a network may route it there: IPv4-mapped and -compatible, NAT64
 * (`64:ff9b::/96`) and 6to4 (`2002::/16`). Any other address comes back as it is, without its zone.
 */
function withoutEmbedding(text: string): string {
  const address = text.split('%', 1)[0] ?? text;
  if (isIP(address) !== 6) return address;
  const groups = ipv6Groups(address);
  const [a, b, c] = groups;
  const high = groups.slice(0, 5).every((group) => group === 0);
  const mapped = high && (groups[5] === 0xffff || (groups[5] === 0 && groups[6] !== 0));
  const nat64 = a === 0x64 && b === 0xff9b && groups.slice(2, 6).every((group) => group === 0);
  if (mapped || nat64) return ipv4Text(groups[6] ?? 0, groups[7] ?? 0);
  return a === 0x2002 ? ipv4Text(b ?? 0, c ?? 0) : address;
}

function ipv6Groups(address: string): number[] {
  // The URL parser writes the embedded dotted form as hexadecimal and compresses zeros in one known way.
  const plain = new URL(`http://[${address}]/`).hostname.slice(1, -1);
  const [left = '', right = ''] = plain.split('::');
  const numbers = (part: string): number[] =>
    part === '' ? [] : part.split(':').map((hex) => Number.parseInt(hex, 16));
  const [head, tail] = [numbers(left), numbers(right)];
  return [...head, ...Array.from({ length: 8 - head.length - tail.length }, () => 0), ...tail];
}

function ipv4Text(high: number, low: number): string {
  return [high >> 8, high & 0xff, low >> 8, low & 0xff].join('.');
}
