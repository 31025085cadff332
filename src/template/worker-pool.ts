/**
 * A few worker threads for renders that may take long. Workers start when there is work and stop after a while without;
 * one that misses the deadline, or whose caller gave up, is terminated with its job.
 */
import { Worker } from 'node:worker_threads';
import { TemplateError } from './errors.ts';
import type { Answer, Job } from './worker-protocol.ts';

/** Sets a timer in real time; the template's own clock has no part in deadlines. */
export type SetTimer = (ms: number, fn: () => void) => { cancel(): void };

export interface PoolOptions {
  readonly size: number;
  /** Milliseconds without work after which a worker stops. */
  readonly idleMs: number;
  readonly setTimer: SetTimer;
  readonly workerUrl: URL;
}

/** Heap and stack of one worker. */
const RESOURCES = { maxOldGenerationSizeMb: 384, maxYoungGenerationSizeMb: 64, stackSizeMb: 8 };

interface Waiting {
  readonly job: Job;
  readonly deadlineMs: number;
  readonly signal: AbortSignal | undefined;
  readonly resolve: (output: Uint8Array) => void;
  readonly reject: (error: Error) => void;
}

export class WorkerPool {
  private readonly options: PoolOptions;
  private readonly waiting: Waiting[] = [];
  private readonly idle: Worker[] = [];
  private readonly idleTimers = new Map<Worker, { cancel(): void }>();
  private started = 0;
  private closed = false;

  constructor(options: PoolOptions) {
    this.options = options;
  }

  /** Renders in a worker. @throws TemplateError, or the signal's reason */
  run(job: Job, deadlineMs: number, signal: AbortSignal | undefined): Promise<Uint8Array> {
    return new Promise((resolve, reject) => {
      const entry: Waiting = { job, deadlineMs, signal, resolve, reject };
      this.waiting.push(entry);
      this.next();
    });
  }

  /** Stops idle workers and refuses what still waits; running jobs end by themselves or at their deadline. */
  async close(): Promise<void> {
    this.closed = true;
    for (const { reject } of this.waiting.splice(0)) reject(failed('the renderer was closed', 'deadline'));
    await Promise.all(this.idle.splice(0).map((worker) => this.stop(worker)));
  }

  private next(): void {
    while (this.waiting.length > 0) {
      const worker = this.take();
      if (worker === undefined) return;
      const entry = this.waiting.shift();
      if (entry !== undefined)
        start(worker, entry, this.options.setTimer, (reusable) => this.release(worker, reusable));
    }
  }

  private take(): Worker | undefined {
    const worker = this.idle.pop();
    if (worker !== undefined) {
      this.idleTimers.get(worker)?.cancel();
      this.idleTimers.delete(worker);
      return worker;
    }
    if (this.started >= this.options.size) return undefined;
    this.started++;
    const fresh = new Worker(this.options.workerUrl, { resourceLimits: RESOURCES, stdout: false, stderr: false });
    fresh.unref();
    return fresh;
  }

  private release(worker: Worker, reusable: boolean): void {
    if (!reusable || this.closed) {
      void this.stop(worker);
    } else {
      this.idle.push(worker);
      this.idleTimers.set(
        worker,
        this.options.setTimer(this.options.idleMs, () => this.retire(worker)),
      );
    }
    this.next();
  }

  private retire(worker: Worker): void {
    const at = this.idle.indexOf(worker);
    if (at < 0) return;
    this.idle.splice(at, 1);
    void this.stop(worker);
  }

  private async stop(worker: Worker): Promise<void> {
    this.started--;
    this.idleTimers.get(worker)?.cancel();
    this.idleTimers.delete(worker);
    await worker.terminate();
    this.next();
  }
}

function failed(text: string, reason: 'deadline' | 'budget'): TemplateError {
  return new TemplateError('exec', `template: ${text}`, undefined, reason);
}

/** Hands a job to a worker; `done` tells whether the worker can take another. */
function start(worker: Worker, entry: Waiting, setTimer: SetTimer, done: (reusable: boolean) => void): void {
  const run = new Run(worker, entry, setTimer, done);
  run.begin();
}

/** One job on one worker: answered, failed, out of time or given up – exactly one of them. */
class Run {
  private readonly worker: Worker;
  private readonly entry: Waiting;
  private readonly done: (reusable: boolean) => void;
  private readonly timer: { cancel(): void };
  private settled = false;

  constructor(worker: Worker, entry: Waiting, setTimer: SetTimer, done: (reusable: boolean) => void) {
    this.worker = worker;
    this.entry = entry;
    this.done = done;
    this.timer = setTimer(entry.deadlineMs, () => this.fail(failed('rendering takes too long', 'deadline')));
  }

  begin(): void {
    const { worker, entry } = this;
    worker.ref();
    worker.on('message', this.onAnswer);
    worker.on('error', this.onError);
    entry.signal?.addEventListener('abort', this.onAbort, { once: true });
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a worker thread, not a window
    if (entry.signal?.aborted !== true) worker.postMessage(entry.job);
    else this.onAbort();
  }

  private readonly onAnswer = (answer: Answer): void => {
    if (!this.settle(true)) return;
    if ('output' in answer) this.entry.resolve(answer.output);
    else {
      const { error } = answer;
      this.entry.reject(new TemplateError(error.class, error.message, error.position, error.reason));
    }
  };

  /** The worker died, as a rule because its heap was full. */
  private readonly onError = (): void => this.fail(failed('rendering takes more memory than allowed', 'budget'));

  private readonly onAbort = (): void => {
    const { signal } = this.entry;
    this.fail(signal?.reason instanceof Error ? signal.reason : new DOMException('aborted', 'AbortError'));
  };

  private fail(error: Error): void {
    if (this.settle(false)) this.entry.reject(error);
  }

  private settle(reusable: boolean): boolean {
    if (this.settled) return false;
    this.settled = true;
    this.timer.cancel();
    this.entry.signal?.removeEventListener('abort', this.onAbort);
    this.worker.off('message', this.onAnswer);
    // A worker that is being terminated may still report how it died.
    if (reusable) this.worker.off('error', this.onError);
    this.worker.unref();
    this.done(reusable);
    return true;
  }
}
