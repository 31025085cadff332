/**
 * Misbehaviour on request: what a real API server does on bad days, at the moment a test asks for it.
 */
import type { ServerResponse } from 'node:http';
import type { Clock } from '../../src/clock.ts';
import { sleep } from '../../src/clock.ts';
import type { KubeFaults } from '../../test/integration/env.ts';
import type { Watch } from './rest/watch.ts';

export interface RequestMatch {
  readonly method?: string;
  /** Tested against path and query. */
  readonly path?: RegExp;
}

interface Rule {
  readonly match: RequestMatch;
  left: number;
  readonly act: (response: ServerResponse) => Promise<boolean>;
}

interface OpenWatch {
  readonly watch: Watch;
  readonly response: ServerResponse;
  readonly path: string;
  silent: boolean;
}

/** What faults need from the server they break. */
export interface Breakable {
  readonly clock: Clock;
  compact(): void;
  stop(): Promise<void>;
  start(): Promise<void>;
}

export class Faults implements KubeFaults {
  readonly #server: Breakable;
  #rules: Rule[] = [];
  readonly #watches = new Set<OpenWatch>();

  constructor(server: Breakable) {
    this.#server = server;
  }

  async dropWatches(how: 'end' | 'reset', path?: RegExp): Promise<void> {
    for (const open of this.#matching(path)) {
      if (how === 'end') open.watch.end();
      else open.response.socket?.resetAndDestroy();
    }
    await new Promise((resolve) => setImmediate(resolve));
  }

  async respond(
    match: RequestMatch,
    answer: { readonly status: number; readonly retryAfterSeconds?: number },
    count: number,
  ): Promise<void> {
    await this.#add(match, count, (response) => {
      const body = JSON.stringify(statusFor(answer.status));
      const retry = answer.retryAfterSeconds === undefined ? {} : { 'retry-after': String(answer.retryAfterSeconds) };
      response.writeHead(answer.status, { 'content-type': 'application/json', ...retry }).end(body);
      return Promise.resolve(true);
    });
  }

  /** The next `count` matching requests get no answer: their connection is reset. */
  async reset(match: RequestMatch, count: number): Promise<void> {
    await this.#add(match, count, (response) => {
      response.socket?.resetAndDestroy();
      return Promise.resolve(true);
    });
  }

  /** The next `count` matching requests are answered normally, but `ms` milliseconds of the injected clock later. */
  async delay(match: RequestMatch, ms: number, count: number): Promise<void> {
    await this.#add(match, count, async () => {
      await sleep(this.#server.clock, ms);
      return false;
    });
  }

  /** Cuts every open watch (or those whose path matches) in the middle of a line, then closes it. */
  async halfLine(path?: RegExp): Promise<void> {
    for (const open of this.#matching(path)) {
      open.watch.stop();
      open.response.write('{"type":"MODIFIED","object":{"kind":"Sec');
      open.response.end();
    }
    await new Promise((resolve) => setImmediate(resolve));
  }

  /** Open watches stay open but say nothing more, not even bookmarks. */
  async silence(path?: RegExp): Promise<void> {
    for (const open of this.#matching(path)) open.silent = true;
    await Promise.resolve();
  }

  compact(): Promise<void> {
    this.#server.compact();
    return Promise.resolve();
  }

  stop(): Promise<void> {
    return this.#server.stop();
  }

  start(): Promise<void> {
    return this.#server.start();
  }

  /** Forgets all rules that still wait for a request. */
  heal(): void {
    this.#rules = [];
  }

  get openWatches(): number {
    return this.#watches.size;
  }

  /** For the server: true when a fault answered the request. */
  async intercept(method: string, path: string, response: ServerResponse): Promise<boolean> {
    const rule = this.#rules.find(
      ({ match }) => (match.method ?? method) === method && (match.path?.test(path) ?? true),
    );
    if (rule === undefined) return false;
    if (--rule.left <= 0) this.#rules = this.#rules.filter((other) => other !== rule);
    return rule.act(response);
  }

  /** For the server: registers an open watch; returns whether lines may pass, and a way to forget it. */
  opened(watch: Watch, response: ServerResponse, path: string): { mayWrite: () => boolean; close: () => void } {
    const open: OpenWatch = { watch, response, path, silent: false };
    this.#watches.add(open);
    return { mayWrite: () => !open.silent, close: () => void this.#watches.delete(open) };
  }

  #matching(path: RegExp | undefined): readonly OpenWatch[] {
    return [...this.#watches].filter((open) => path?.test(open.path) ?? true);
  }

  #add(match: RequestMatch, count: number, act: Rule['act']): Promise<void> {
    if (count > 0) this.#rules.push({ match, left: count, act });
    return Promise.resolve();
  }
}

const REASONS: Readonly<Record<number, readonly [reason: string, message: string]>> = {
  401: ['Unauthorized', 'Unauthorized'],
  403: ['Forbidden', 'forbidden by the sandbox'],
  404: ['NotFound', 'the server could not find the requested resource'],
  409: ['Conflict', 'the object has been modified; please apply your changes to the latest version and try again'],
  410: ['Expired', 'The resourceVersion for the provided list is too old.'],
  429: ['TooManyRequests', 'Too many requests, please try again later.'],
  500: ['InternalError', 'Internal error occurred: the sandbox was told to fail'],
  503: ['ServiceUnavailable', 'the server is currently unable to handle the request'],
  504: ['Timeout', 'the server was unable to return a response in the time allotted'],
};

function statusFor(code: number): Record<string, unknown> {
  const [reason, message] = REASONS[code] ?? ['', 'the sandbox was told to answer so'];
  return { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', reason, message, code };
}
