/**
 * `/healthz` and `/readyz`. Alive means that the loops turn: never that the API server or a backend can be reached, for a
 * restart cures neither (D58). A stalled event loop answers nothing at all, which is a failed probe, too. Ready means that
 * the caches are filled; a standby is as ready as the leader.
 */
import type { Clock } from '../clock.ts';
import type { Log } from '../log.ts';
import { HttpPart, type Answer, type Request } from './http-server.ts';

export interface HealthCheck {
  readonly name: string;
  /** What is wrong, in a few words without values; undefined when all is well. */
  problem(): string | undefined;
}

export interface HealthServerOptions {
  /** `--live-addr`. */
  readonly addr: string;
  readonly live: readonly HealthCheck[];
  readonly ready: readonly HealthCheck[];
  readonly log: Log;
}

export function healthServer({ addr, live, ready, log }: HealthServerOptions): HttpPart {
  const answer = (request: Request): Promise<Answer> => Promise.resolve(probe(request, { live, ready }));
  return new HttpPart({ name: 'health server', addr, log, answer });
}

/** What a watch tells about its loop. */
export interface WatchLoop {
  readonly phase: string;
  /** When the loop last did anything, failing included; milliseconds since the epoch. */
  readonly lastTurnAt: number;
}

/** Longer than any pause a loop makes on purpose: the longest Retry-After it obeys is 5 minutes, a watch lives up to 10. */
const DEAD_AFTER_MS = 15 * 60_000;

/** Fails when the loop behind a watch has not moved for a quarter of an hour, or has ended. */
export function watchLoopTurns(name: string, read: () => WatchLoop, clock: Clock): HealthCheck {
  return {
    name: `watch ${name}`,
    problem: () => {
      const { phase, lastTurnAt } = read();
      if (phase === 'stopped') return 'the loop has ended';
      const silentMs = clock.now() - lastTurnAt;
      return phase !== 'idle' && silentMs > DEAD_AFTER_MS
        ? `the loop has not moved for ${Math.round(silentMs / 1000)} s`
        : undefined;
    },
  };
}

export function cacheFilled(name: string, cache: { readonly hasSynced: boolean }): HealthCheck {
  return { name: `cache ${name}`, problem: () => (cache.hasSynced ? undefined : 'not filled yet') };
}

function probe(request: Request, checks: Pick<HealthServerOptions, 'live' | 'ready'>): Answer {
  const asked = { '/healthz': checks.live, '/readyz': checks.ready }[request.path.replace(/\/$/, '')];
  if (asked === undefined) return { status: 404, body: 'not found\n' };
  const results = asked.map((check) => ({ name: check.name, problem: check.problem() }));
  const failed = results.filter((result) => result.problem !== undefined);
  const shown = request.query.has('verbose') ? results : failed;
  const lines = shown.map(({ name, problem }) => (problem === undefined ? `[+] ${name}` : `[-] ${name}: ${problem}`));
  const verdict = failed.length === 0 ? 'ok' : 'failed';
  return { status: failed.length === 0 ? 200 : 500, body: `${[...lines, verdict].join('\n')}\n` };
}
