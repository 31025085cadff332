/**
 * Refresh waves: objects that read the same SecretStore at the same interval fall due at the same instant, so that they meet in
 * one batch; different SecretStores get different phases, so that they do not collide (D53). Pure.
 */
import { createHash } from 'node:crypto';

/**
 * The next instant (epoch milliseconds) at which something last read at `readAt` is due: the latest point of the grid
 * of (`waveOf`, `intervalMs`) that is not after `readAt + intervalMs`. The first period may thus be shorter; from then on it is exact.
 */
export function nextWave(waveOf: string, intervalMs: number, readAt: number): number {
  const phase = phaseOf(waveOf, intervalMs);
  const turn = Math.floor((readAt + intervalMs - phase) / intervalMs);
  return turn * intervalMs + phase;
}

const fractions = new Map<string, number>();
const MOST_FRACTIONS = 10_000;

function phaseOf(waveOf: string, intervalMs: number): number {
  const id = `${waveOf}#${intervalMs}`;
  let fraction = fractions.get(id);
  if (fraction === undefined) {
    fraction = createHash('sha1').update(id).digest().readUInt32BE(0) / 2 ** 32;
    if (fractions.size >= MOST_FRACTIONS) fractions.clear();
    fractions.set(id, fraction);
  }
  return Math.floor(fraction * intervalMs);
}

/**
 * The earliest send time of a shared read that still counts as fresh for someone who asks at `now` (D53): at most a
 * tenth of the interval and a minute old. Forced syncs and changed specs ask for `now` itself.
 */
export function freshSince(now: number, intervalMs: number): number {
  return now - Math.min(Math.max(intervalMs, 0) / 10, 60_000);
}
