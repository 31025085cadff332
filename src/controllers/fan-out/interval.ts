/** How often all namespaces of a cluster-wide object are looked through, whatever happens in between. Pure. */
import { DurationError, parseDuration } from '../../api/duration.ts';
import type { Wanted } from './kind.ts';

const DEFAULT_MS = 3_600_000;
/** Changes are seen at once anyway. */
const SHORTEST_MS = 1_000;

/** In milliseconds. What cannot be read counts as the default; {@link intervalProblem} says so. */
export function intervalOf({ refreshTime }: Wanted): number {
  const ms =
    refreshTime === undefined || intervalProblem({ refreshTime }) !== undefined ? 0 : parseDuration(refreshTime);
  return ms > 0 ? Math.max(ms, SHORTEST_MS) : DEFAULT_MS;
}

/** No webhook looks at cluster-wide kinds, so the status says what is wrong with it. */
export function intervalProblem({ refreshTime }: Pick<Wanted, 'refreshTime'>): string | undefined {
  try {
    if (refreshTime !== undefined) parseDuration(refreshTime);
    return undefined;
  } catch (error) {
    if (!(error instanceof DurationError)) throw error;
    return `spec.refreshTime: ${error.message}; until then it counts as 1h`;
  }
}
