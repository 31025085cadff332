/**
 * Refresh waves: objects that read the same SecretStore at the same interval fall due at the same instant, so that they meet in
 * one batch; different SecretStores get different phases, so that they do not collide (D53).
 */
import { createHash } from 'node:crypto';
import type { RefreshReason } from './refresh.ts';

/**
 * The next instant (epoch milliseconds) at which something last read at `readAt` is due: the latest point of the grid
 * of (`waveOf`, `intervalMs`) that is not after `readAt + intervalMs`. The first period may thus be shorter; from then on it is exact.
 */
export function nextWave(waveOf: string, intervalMs: number, readAt: number): number {
  const phase = intervalMs < SHORT_MS ? shortPhaseOf(waveOf, intervalMs, readAt) : phaseOf(waveOf, intervalMs);
  const turn = Math.floor((readAt + intervalMs - phase) / intervalMs);
  return turn * intervalMs + phase;
}

const MOST_REMEMBERED = 10_000;

/** The same after each restart: what was read before it stays on its grid, so that only what is due is read. */
function phaseOf(waveOf: string, intervalMs: number): number {
  return Math.floor(fractionOf(`${waveOf}#${intervalMs}`) * intervalMs);
}

/** Below this the status does not tell the time of the last read (D52), so after a restart everything is due whatever the phase. */
const SHORT_MS = 60_000;
/** How far before the first read the grid lies, as parts of the interval: far enough for those that were read beside it. */
const LEAD = { least: 0.05, most: 0.1 } as const;

const shortPhases = new Map<string, number>();

/**
 * Of short intervals the first is hardly shortened: the first read sets the grid of all that follow. Otherwise every ten seconds would cost
 * up to one read more per object in its first minute. Stores that start together are kept apart a little.
 */
function shortPhaseOf(waveOf: string, intervalMs: number, readAt: number): number {
  const id = `${waveOf}#${intervalMs}`;
  const known = shortPhases.get(id);
  if (known !== undefined) return known;
  const lead = (LEAD.least + (LEAD.most - LEAD.least) * fractionOf(id)) * intervalMs;
  const phase = Math.floor(readAt - lead) % intervalMs;
  if (shortPhases.size >= MOST_REMEMBERED) shortPhases.clear();
  shortPhases.set(id, phase);
  return phase;
}

const fractions = new Map<string, number>();

/** From 0 to 1, as even as a hash is. */
function fractionOf(id: string): number {
  let fraction = fractions.get(id);
  if (fraction === undefined) {
    fraction = createHash('sha1').update(id).digest().readUInt32BE(0) / 2 ** 32;
    if (fractions.size >= MOST_REMEMBERED) fractions.clear();
    fractions.set(id, fraction);
  }
  return fraction;
}

/**
 * The earliest send time of a shared read that still counts as fresh for someone who asks at `now` (D53): at most a tenth of the interval
 * and a minute old. Forced syncs and changed specs ask for `now` itself. Who fell due at `dueAt` and had to wait for its turn also takes
 * what was read since then (by others of its wave), at most one interval old: had it come at once, it would have got no newer value.
 */
export function freshSince(now: number, intervalMs: number, dueAt = now): number {
  const tenth = now - Math.min(Math.max(intervalMs, 0) / 10, LONGEST_SHARED_MS);
  const sinceDue = Math.max(dueAt, now - Math.min(Math.max(intervalMs, 0), LONGEST_SHARED_MS));
  return Math.min(tenth, sinceDue);
}

const LONGEST_SHARED_MS = 60_000;

const LONGEST_PATIENCE_MS = 1_000;
const CROWDED_PATIENCE_MS = 250;

/**
 * How long a read may wait for company, in milliseconds; undefined: the reader's own patience, which is short. Nobody waits for a refresh by
 * interval, and a wave comes slowly when there are more objects than reconciles in flight, or the CPU is busy elsewhere. A first sync
 * in a crowd is not done sooner for hurrying: those behind it come as fast as those before it are written.
 */
export function patienceOf(reason: RefreshReason, intervalMs: number, crowded: boolean): number | undefined {
  if (reason === 'interval') return Math.min(Math.max(intervalMs, 0) / 50, LONGEST_PATIENCE_MS);
  return reason === 'first sync' && crowded ? CROWDED_PATIENCE_MS : undefined;
}
