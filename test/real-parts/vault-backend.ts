/** The real Vault behind a proxy that counts requests and can be down for a while without Vault losing its memory. */
import type { VaultBackend, VaultFault } from '../integration/env.ts';
import { HttpProxy } from './http-proxy.ts';
import type { CannedAnswer, SeenRequest } from './http-proxy.ts';

const MESSAGES: Readonly<Record<number, string>> = {
  403: '1 error occurred:\n\t* permission denied\n\n',
  429: 'rate limit quota exceeded',
  500: 'internal error',
  503: 'Vault is sealed',
};

export class RealVault implements VaultBackend {
  readonly rootToken: string;
  readonly #vault: string;
  readonly #proxy: HttpProxy;
  readonly #calls = new Map<string, number>();
  readonly #faults = new Map<string, VaultFault>();
  #healed = Promise.withResolvers<void>();

  /** @param vault base URL of the server itself */
  constructor(vault: string, rootToken: string) {
    this.#vault = vault;
    this.rootToken = rootToken;
    this.#proxy = new HttpProxy({ target: vault, onRequest: (seen) => this.#onRequest(seen) });
  }

  get address(): string {
    return this.#proxy.url;
  }

  async api(method: 'GET' | 'PUT' | 'POST' | 'DELETE' | 'LIST', path: string, body?: unknown): Promise<unknown> {
    const list = method === 'LIST';
    const answer = await fetch(`${this.#vault}/v1/${path}${list ? '?list=true' : ''}`, {
      method: list ? 'GET' : method,
      headers: { 'x-vault-token': this.rootToken },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`Vault answered ${answer.status} to ${method} ${path}: ${text}`);
    return text === '' ? undefined : JSON.parse(text);
  }

  async put(mount: string, key: string, data: Record<string, unknown>, version: 'v1' | 'v2' = 'v2') {
    if (version === 'v2') await this.api('POST', `${mount}/data/${key}`, { data });
    else await this.api('POST', `${mount}/${key}`, data);
  }

  async calls() {
    return new Map(this.#calls);
  }

  async resetCalls() {
    this.#calls.clear();
  }

  async fault(match: string, fault: VaultFault) {
    this.#faults.set(match, fault);
  }

  async heal() {
    this.#faults.clear();
    this.#healed.resolve();
    this.#healed = Promise.withResolvers<void>();
  }

  start() {
    return this.#proxy.start();
  }

  stop() {
    return this.#proxy.stop();
  }

  async #onRequest(seen: SeenRequest): Promise<CannedAnswer | undefined> {
    const url = new URL(seen.url, 'http://vault');
    const method = url.searchParams.get('list') === 'true' ? 'LIST' : seen.method;
    const call = `${method} ${url.pathname.replace(/^\/v1\//, '')}`;
    this.#calls.set(call, (this.#calls.get(call) ?? 0) + 1);
    const hit = [...this.#faults].find(([match]) => call.includes(match));
    if (hit === undefined) return undefined;
    const [, fault] = hit;
    if (fault !== 'slow') return answerFor(fault);
    await this.#healed.promise;
    return undefined;
  }
}

function answerFor(fault: number | 'malformed'): CannedAnswer {
  if (fault === 'malformed') return { status: 200, body: '{"request_id":"' };
  const headers = fault === 429 ? { 'retry-after': '1' } : {};
  return { status: fault, headers, body: JSON.stringify({ errors: [MESSAGES[fault] ?? 'told to fail'] }) };
}
