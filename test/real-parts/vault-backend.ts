/** The real Vault behind a proxy that counts requests and can be down for a while without Vault losing its memory. */
import type { VaultBackend } from '../integration/env.ts';
import { HttpProxy } from './http-proxy.ts';
import type { CannedAnswer, SeenRequest } from './http-proxy.ts';

/** What Vault itself says with these. */
const MESSAGES: Readonly<Record<number, string>> = {
  403: 'permission denied',
  429: 'request path "*": rate limit quota exceeded',
  503: 'Vault is sealed',
};

export class RealVault implements VaultBackend {
  readonly rootToken: string;
  readonly #vault: string;
  readonly #proxy: HttpProxy;
  readonly #calls = new Map<string, number>();
  readonly #faults = new Map<string, number>();

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

  async fault(match: string, status: number) {
    this.#faults.set(match, status);
  }

  async heal() {
    this.#faults.clear();
  }

  start() {
    return this.#proxy.start();
  }

  stop() {
    return this.#proxy.stop();
  }

  #onRequest(seen: SeenRequest): CannedAnswer | undefined {
    const url = new URL(seen.url, 'http://vault');
    const method = url.searchParams.get('list') === 'true' ? 'LIST' : seen.method;
    const call = `${method} ${url.pathname.replace(/^\/v1\//, '')}`;
    this.#calls.set(call, (this.#calls.get(call) ?? 0) + 1);
    for (const [match, status] of this.#faults) {
      if (call.includes(match))
        return { status, body: JSON.stringify({ errors: [MESSAGES[status] ?? 'told to fail'] }) };
    }
    return undefined;
  }
}
