/** The four urgencies of a key in a work queue, and how an observer or a log names them. */

export const LANES = {
  /** Never synced, spec changed, sync forced. */
  first: 0,
  /** Woken by an event: target edited, SecretStore became ready, a dependency changed. */
  woken: 1,
  /** The refresh interval is over. */
  periodic: 2,
  /** Failed before; its backoff is over. */
  retry: 3,
} as const;

export type Lane = (typeof LANES)[keyof typeof LANES];

/** All lanes, the most urgent first. */
export const allLanes: readonly Lane[] = [LANES.first, LANES.woken, LANES.periodic, LANES.retry];

/** Work that nobody waits for. */
export function isRoutine(lane: Lane): boolean {
  return lane >= LANES.periodic;
}

const NAMES = { 0: 'first', 1: 'woken', 2: 'periodic', 3: 'retry' } as const;

export function laneName(lane: Lane): (typeof NAMES)[Lane] {
  return NAMES[lane];
}

export function moreUrgent(a: Lane, b: Lane): Lane {
  return a < b ? a : b;
}
