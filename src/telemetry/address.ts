/** Listen addresses the way Go programs write them: `:8080` (all interfaces), `127.0.0.1:0` (any port), `[::1]:8080`. */

export interface ListenAddress {
  /** Undefined: all interfaces. */
  readonly host: string | undefined;
  readonly port: number;
}

/** The options have checked the text; what is no address listens on no port and throws here. */
export function parseAddress(text: string): ListenAddress {
  const [, host = '', port = ''] = /^(.*):([0-9]+)$/.exec(text) ?? [];
  if (port === '') throw new RangeError(`${JSON.stringify(text)} is no address: write host:port or :port`);
  const bare = host.replace(/^\[(.*)\]$/, '$1');
  return { host: bare === '' ? undefined : bare, port: Number(port) };
}
