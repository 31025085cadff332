/**
 * Starts the parts of a process in order and stops them in reverse. It knows what the order is for, not what the parts
 * do. Signals of the operating system are `main`'s business: it aborts `signal`.
 */
import type { Clock } from '../clock.ts';
import type { Log } from '../log.ts';
import { Stages, type Part } from './stages.ts';

export type { Part } from './stages.ts';

export interface CachePart extends Part {
  /** Resolves when the first list is complete. */
  synced(signal: AbortSignal): Promise<void>;
}

export interface ControllerPart extends Part {
  pause(): void;
  resume(): void;
}

export interface LeadershipListener {
  /** We hold the Lease, for the first time or again. */
  leading(): void;
  /** We can no longer be sure of it, but nobody else has taken it (D58). */
  paused(): void;
}

export interface ElectionPart {
  /**
   * Tries to lead until the signal aborts, then gives the Lease back and resolves with `stopped`; resolves with `lost`
   * when another holder took it after we led.
   */
  run(signal: AbortSignal, listener: LeadershipListener): Promise<'stopped' | 'lost'>;
}

export interface ManagerParts {
  /** Health and metrics. */
  readonly servers: readonly Part[];
  /** What reconciles use and may still need while they end: event recorders, client pools. */
  readonly background: readonly Part[];
  readonly caches: readonly CachePart[];
  /** Absent: this process always leads. */
  readonly election?: ElectionPart | undefined;
  readonly controllers: readonly ControllerPart[];
}

export interface ManagerOptions {
  /** Its abort begins the orderly stop. */
  readonly signal: AbortSignal;
  readonly clock: Clock;
  readonly log: Log;
  /** How long the whole stop may take, in milliseconds (a stage that comes late gets one more second). Default 30 s. */
  readonly graceMs?: number;
}

/** @returns the exit code: 0 after an orderly stop, 1 when another process leads now or a part broke (logged). */
export async function runManager(parts: ManagerParts, options: ManagerOptions): Promise<0 | 1> {
  const { signal, clock, log, graceMs = 30_000 } = options;
  const stages = new Stages(clock, log);
  const stopped = whenAborted(signal);
  const endsEarly = Promise.race([stopped, stages.broken]);
  try {
    // First, and last to stop: a start or a stop that hangs must be seen by probes and scrapes.
    stages.start('servers', parts.servers);
    // Before everything that uses them, so that they still work while those stop: the last events get out.
    stages.start('background', parts.background);
    // A standby fills its caches too: it is ready to take over at once.
    stages.start('caches', parts.caches);
    // Nothing decides on a half-filled cache: what is not listed yet would look deleted.
    await allSynced(parts.caches, endsEarly, options);
    if (signal.aborted) return 0;
    // The Lease is given back only after the controllers, which start later, have stopped: never two at work.
    const election = new LeadingControllers(stages, parts.controllers, log);
    const lost = election.follow(parts.election);
    return await Promise.race([endsEarly.then(() => 0 as const), lost.then(() => 1 as const)]);
  } catch (error) {
    if (signal.aborted) return 0;
    log.error({ error }, 'stopping');
    return 1;
  } finally {
    await stages.stop(graceMs);
  }
}

/** Starts the controllers when this process leads for the first time, and pauses them whenever that is uncertain. */
class LeadingControllers {
  readonly #stages: Stages;
  readonly #controllers: readonly ControllerPart[];
  readonly #log: Log;
  #started = false;
  #pausing = false;

  constructor(stages: Stages, controllers: readonly ControllerPart[], log: Log) {
    this.#stages = stages;
    this.#controllers = controllers;
    this.#log = log;
  }

  /** Resolves when another process took the lead; never when this one is told to stop. */
  follow(election: ElectionPart | undefined): Promise<void> {
    const lost = Promise.withResolvers<void>();
    if (election === undefined) {
      this.leading();
      return lost.promise;
    }
    const run = async (signal: AbortSignal): Promise<void> => {
      if ((await election.run(signal, this)) !== 'lost') return;
      this.paused();
      this.#log.error({}, 'another process leads now');
      lost.resolve();
      await whenAborted(signal);
    };
    this.#stages.start('leader election', [{ name: 'leader election', run }]);
    return lost.promise;
  }

  leading(): void {
    if (this.#pausing) for (const controller of this.#controllers) controller.resume();
    this.#pausing = false;
    if (this.#started) return;
    this.#started = true;
    this.#stages.start('controllers', this.#controllers);
  }

  paused(): void {
    if (this.#pausing || !this.#started) return;
    this.#pausing = true;
    this.#log.warn({}, 'leadership is uncertain, controllers pause');
    for (const controller of this.#controllers) controller.pause();
  }
}

/** How often to say which caches are still missing, in milliseconds. */
const SYNC_REPORT_MS = 30_000;

async function allSynced(
  caches: readonly CachePart[],
  endsEarly: Promise<unknown>,
  { clock, log }: ManagerOptions,
): Promise<void> {
  const over = new AbortController();
  const missing = new Set(caches);
  const report = (): void => {
    log.warn({ caches: [...missing].map((cache) => cache.name) }, 'still waiting for caches to fill');
    timer = clock.setTimer(SYNC_REPORT_MS, report);
  };
  let timer = clock.setTimer(SYNC_REPORT_MS, report);
  const wait = async (cache: CachePart): Promise<void> => {
    await cache.synced(over.signal);
    missing.delete(cache);
  };
  try {
    await Promise.race([Promise.all(caches.map(wait)), endsEarly]);
  } finally {
    timer.cancel();
    over.abort();
  }
}

function whenAborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
