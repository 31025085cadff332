/** News waiting to be written: bounded, equal news joined, Normal given up before Warning and the oldest first. */
import type { EventType, News } from './event-record.ts';

export class EventQueue {
  readonly #capacity: number;
  readonly #waiting: Readonly<Record<EventType, Map<string, News>>> = { Normal: new Map(), Warning: new Map() };
  readonly #dropped: Record<EventType, number> = { Normal: 0, Warning: 0 };

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  get size(): number {
    return this.#waiting.Normal.size + this.#waiting.Warning.size;
  }

  /** News given up since the start, by type. */
  get dropped(): Readonly<Record<EventType, number>> {
    return { ...this.#dropped };
  }

  add(item: News): void {
    const lane = this.#waiting[item.type];
    const id = `${item.namespace}/${item.name}`;
    const same = lane.get(id);
    if (same !== undefined) {
      same.count += item.count;
      same.lastAt = Math.max(same.lastAt, item.lastAt);
      return;
    }
    if (this.size >= this.#capacity && !this.#makeRoomFor(item)) return this.countDropped(item);
    lane.set(id, item);
  }

  /** The oldest Warning, else the oldest Normal. */
  take(): News | undefined {
    return shift(this.#waiting.Warning) ?? shift(this.#waiting.Normal);
  }

  countDropped(item: News): void {
    this.#dropped[item.type] += item.count;
  }

  #makeRoomFor(item: News): boolean {
    const victim = shift(this.#waiting.Normal) ?? (item.type === 'Warning' ? shift(this.#waiting.Warning) : undefined);
    if (victim === undefined) return false;
    this.countDropped(victim);
    return true;
  }
}

function shift(lane: Map<string, News>): News | undefined {
  for (const [id, item] of lane) {
    lane.delete(id);
    return item;
  }
  return undefined;
}
