/** `/metrics`: plain by default, on request over TLS and only for those whom the API server allows. */
import type { Log } from '../log.ts';
import { HttpPart, type Answer, type KeyPairSource, type Request } from './http-server.ts';

/** May the bearer of this token read this path? */
export type Authorizer = (token: string, path: string) => Promise<'allowed' | 'unknown' | 'forbidden'>;

export interface MetricsServerOptions {
  /** `--metrics-addr`. */
  readonly addr: string;
  readonly metrics: { readonly contentType: string; render(): Promise<string> };
  readonly log: Log;
  /** Absent: plain HTTP. */
  readonly tls?: { readonly keys: KeyPairSource; readonly http2: boolean } | undefined;
  /** Absent: everybody may. */
  readonly authorize?: Authorizer | undefined;
}

export function metricsServer(options: MetricsServerOptions): HttpPart {
  const { addr, metrics, log, tls, authorize } = options;
  let rendering: Promise<string> | undefined;
  /** Scrapes that come while one is being written share it. */
  const render = (): Promise<string> =>
    (rendering ??= metrics.render().finally(() => {
      rendering = undefined;
    }));
  const answer = async (request: Request): Promise<Answer> => {
    if (request.path !== '/metrics') return { status: 404, body: 'not found, try /metrics\n' };
    const refused = authorize === undefined ? undefined : await refusal(request, authorize, log);
    return refused ?? { status: 200, body: await render(), contentType: metrics.contentType };
  };
  return new HttpPart({ name: 'metrics server', addr, log, tls, answer });
}

async function refusal({ token, path }: Request, authorize: Authorizer, log: Log): Promise<Answer | undefined> {
  if (token === undefined) return { status: 401, body: 'a bearer token is needed\n' };
  try {
    const verdict = await authorize(token, path);
    if (verdict === 'allowed') return undefined;
    return verdict === 'unknown'
      ? { status: 401, body: 'the token is not valid\n' }
      : { status: 403, body: `the bearer may not get ${path}\n` };
  } catch (error) {
    log.error({ error }, 'could not ask the API server who may scrape');
    return { status: 503, body: 'the API server cannot be asked now\n' };
  }
}
