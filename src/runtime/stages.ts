/**
 * Parts that are started in stages and stopped in the reverse order. All parts have one shape: `run(signal)` works until
 * the signal aborts and resolves when it has really stopped. A part that ends earlier is broken, and so is the whole.
 */
import type { Clock } from '../clock.ts';
import type { Log } from '../log.ts';

export interface Part {
  /** For logs, e.g. `metrics server`. */
  readonly name: string;
  run(signal: AbortSignal): Promise<void>;
}

interface Stage {
  readonly name: string;
  readonly abort: AbortController;
  /** Parts that have not ended yet. */
  readonly running: Set<Part>;
  readonly ended: Promise<unknown>;
}

/** What a stage may take to stop when the time for all of them is used up, in milliseconds. */
const SHORTEST_STOP_MS = 1_000;

export class Stages {
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #stages: Stage[] = [];
  readonly #broken = Promise.withResolvers<never>();

  constructor(clock: Clock, log: Log) {
    this.#clock = clock;
    this.#log = log;
    // Whoever waits for `broken` hears of it; nobody waits while stopping.
    this.#broken.promise.catch(() => {});
  }

  /** Rejects when a part ends although it was not told to. */
  get broken(): Promise<never> {
    return this.#broken.promise;
  }

  start(name: string, parts: readonly Part[]): void {
    const abort = new AbortController();
    const running = new Set(parts);
    const ended = Promise.all(parts.map((part) => this.#run(part, running, abort.signal)));
    this.#stages.push({ name, abort, running, ended });
  }

  /** Stops the stages, the last started first; each begins when the one before has ended or its time is over. */
  async stop(withinMs: number): Promise<void> {
    const until = this.#clock.now() + withinMs;
    for (let stage = this.#stages.pop(); stage !== undefined; stage = this.#stages.pop()) {
      stage.abort.abort(new DOMException(`${stage.name}: stopping`, 'AbortError'));
      await this.#endOf(stage, Math.max(until - this.#clock.now(), SHORTEST_STOP_MS));
      if (stage.running.size > 0) {
        this.#log.warn(
          { stage: stage.name, parts: [...stage.running].map((part) => part.name) },
          'did not stop in time',
        );
      }
    }
  }

  async #run(part: Part, running: Set<Part>, signal: AbortSignal): Promise<void> {
    try {
      await part.run(signal);
      if (!signal.aborted) throw new Error('ended by itself');
    } catch (cause) {
      if (!signal.aborted) this.#broken.reject(new Error(`${part.name} does not run any more`, { cause }));
    } finally {
      running.delete(part);
    }
  }

  async #endOf(stage: Stage, withinMs: number): Promise<void> {
    const over = Promise.withResolvers<void>();
    const timer = this.#clock.setTimer(withinMs, over.resolve);
    await Promise.race([stage.ended, over.promise]);
    timer.cancel();
  }
}
