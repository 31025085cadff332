/**
 * When a session is used, and so when it will probably be used again: reads come in bursts, one per refresh. This
 * decides whether a token is worth keeping (decision D75).
 */

/** Uses closer together than this are one burst. */
const BURST_MS = 5000;
const REMEMBERED_GAPS = 3;

export class Usage {
  #lastAt: number | undefined;
  #gaps: readonly number[] = [];

  note(now: number): void {
    const gap = this.#lastAt === undefined ? 0 : now - this.#lastAt;
    if (gap > BURST_MS) this.#gaps = [...this.#gaps, gap].slice(-REMEMBERED_GAPS);
    this.#lastAt = now;
  }

  /** Milliseconds since the last use. */
  idleMs(now: number): number {
    return this.#lastAt === undefined ? 0 : now - this.#lastAt;
  }

  /** The longest recent time between two bursts and a tenth more; undefined until there were two. */
  get expectedGapMs(): number | undefined {
    return this.#gaps.length === 0 ? undefined : Math.max(...this.#gaps) * 1.1;
  }

  /** When the next use is due at the latest; undefined while nothing is known. */
  get nextDueAt(): number | undefined {
    const gap = this.expectedGapMs;
    return gap === undefined || this.#lastAt === undefined ? undefined : this.#lastAt + gap;
  }
}
