/**
 * One request and its whole answer in memory. An operator makes thousands of these in its first seconds, each with an answer of a few
 * kilobytes: a stream, an abort controller and their listeners for each cost more than the rest of the call.
 */
import type { Dispatcher } from 'undici';
import { systemClock, type Timer } from '../clock.ts';

export interface WholeAnswer {
  readonly statusCode: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
}

export interface ExchangeOptions {
  /** Milliseconds until the headers must be there, waiting for a connection included. */
  readonly timeoutMs: number;
  readonly signal: AbortSignal | undefined;
  /** Called once: with the status when the headers are there, or without when none came. */
  readonly onHeaders: (statusCode: number | undefined) => void;
}

/** The headers did not come in time. Its code is undici's for the same. */
export class HeadersLateError extends Error {
  override readonly name = 'HeadersLateError';
  readonly code = 'UND_ERR_HEADERS_TIMEOUT';
}

/** @throws what ended it early: the signal's reason, HeadersLateError, or undici's error */
export function exchange(
  dispatcher: Dispatcher,
  request: Dispatcher.DispatchOptions,
  options: ExchangeOptions,
): Promise<WholeAnswer> {
  return new Promise((resolve, reject) => {
    dispatcher.dispatch(request, new Exchange(options, resolve, reject));
  });
}

type Ending = { readonly error: unknown } | 'answered';

class Exchange implements Dispatcher.DispatchHandler {
  readonly #options: ExchangeOptions;
  readonly #resolve: (answer: WholeAnswer) => void;
  readonly #reject: (error: unknown) => void;
  readonly #timer: Timer;
  readonly #onAbort: (() => void) | undefined;
  readonly #chunks: Buffer[] = [];
  #controller: Dispatcher.DispatchController | undefined;
  #head: Pick<WholeAnswer, 'statusCode' | 'headers'> | undefined;
  #over: Ending | undefined;

  constructor(options: ExchangeOptions, resolve: (answer: WholeAnswer) => void, reject: (error: unknown) => void) {
    this.#options = options;
    this.#resolve = resolve;
    this.#reject = reject;
    this.#timer = systemClock.setTimer(options.timeoutMs, () => this.#giveUp(new HeadersLateError()));
    const { signal } = options;
    if (signal === undefined) return;
    this.#onAbort = () => this.#giveUp(signal.reason);
    signal.addEventListener('abort', this.#onAbort, { once: true });
  }

  /** The request is about to be written; until then it waited for a connection. */
  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    if (this.#over !== undefined && this.#over !== 'answered') controller.abort(asError(this.#over.error));
  }

  onResponseStart(_controller: unknown, statusCode: number, headers: WholeAnswer['headers']): void {
    // 1xx: the answer is still to come.
    if (statusCode < 200 || this.#over !== undefined) return;
    this.#head = { statusCode, headers };
    this.#timer.cancel();
    this.#options.onHeaders(statusCode);
  }

  onResponseData(_controller: unknown, chunk: Buffer): void {
    this.#chunks.push(chunk);
  }

  onResponseEnd(): void {
    if (this.#over !== undefined || this.#head === undefined) return;
    this.#end('answered');
    this.#resolve({ ...this.#head, text: textOf(this.#chunks) });
  }

  onResponseError(_controller: unknown, error: Error): void {
    this.#fail(error);
  }

  /** Whoever waits is told at once, wherever the request is. */
  #giveUp(reason: unknown): void {
    this.#fail(reason);
    this.#controller?.abort(asError(reason));
  }

  #fail(error: unknown): void {
    if (this.#over !== undefined) return;
    this.#end({ error });
    if (this.#head === undefined) this.#options.onHeaders(undefined);
    this.#reject(error);
  }

  #end(how: Ending): void {
    this.#over = how;
    this.#timer.cancel();
    if (this.#onAbort !== undefined) this.#options.signal?.removeEventListener('abort', this.#onAbort);
  }
}

function textOf(chunks: readonly Buffer[]): string {
  const [only] = chunks;
  return chunks.length === 1 && only !== undefined ? only.toString() : Buffer.concat(chunks).toString();
}

function asError(reason: unknown): Error {
  return reason instanceof Error ? reason : new Error('aborted', { cause: reason });
}
