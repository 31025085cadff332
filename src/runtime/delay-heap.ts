/**
 * Keys that become due later, earliest first: a binary heap that knows where each key is, so that setting, moving and
 * removing one of 20,000 keys costs about fifteen steps. It knows no clock; the work queue asks it what is due.
 */

export interface Delayed<L> {
  readonly key: string;
  /** Milliseconds since the epoch. */
  readonly dueAt: number;
  readonly lane: L;
}

export class DelayHeap<L> {
  readonly #heap: Delayed<L>[] = [];
  readonly #place = new Map<string, number>();

  get size(): number {
    return this.#heap.length;
  }

  get(key: string): Delayed<L> | undefined {
    const place = this.#place.get(key);
    return place === undefined ? undefined : this.#heap[place];
  }

  peek(): Delayed<L> | undefined {
    return this.#heap[0];
  }

  /** Adds the key or moves it to another time. */
  set(entry: Delayed<L>): void {
    const place = this.#place.get(entry.key) ?? this.#heap.length;
    this.#put(place, entry);
    this.#settle(place);
  }

  delete(key: string): void {
    const place = this.#place.get(key);
    if (place === undefined) return;
    this.#place.delete(key);
    const last = this.#heap.pop();
    if (last === undefined || last.key === key) return;
    this.#put(place, last);
    this.#settle(place);
  }

  /** Takes the earliest entry out if it is due at `now`. */
  takeDue(now: number): Delayed<L> | undefined {
    const first = this.#heap[0];
    if (first === undefined || first.dueAt > now) return undefined;
    this.delete(first.key);
    return first;
  }

  clear(): void {
    this.#heap.length = 0;
    this.#place.clear();
  }

  #settle(place: number): void {
    this.#sink(this.#rise(place));
  }

  #rise(from: number): number {
    let place = from;
    while (place > 0) {
      const parent = (place - 1) >> 1;
      if (this.#dueAt(parent) <= this.#dueAt(place)) break;
      this.#swap(place, parent);
      place = parent;
    }
    return place;
  }

  #sink(from: number): void {
    let place = from;
    for (;;) {
      let smallest = place;
      for (const child of [2 * place + 1, 2 * place + 2]) {
        if (this.#dueAt(child) < this.#dueAt(smallest)) smallest = child;
      }
      if (smallest === place) return;
      this.#swap(place, smallest);
      place = smallest;
    }
  }

  #dueAt(place: number): number {
    return this.#heap[place]?.dueAt ?? Infinity;
  }

  #swap(a: number, b: number): void {
    const [first, second] = [this.#heap[a], this.#heap[b]];
    if (first === undefined || second === undefined) return;
    this.#put(a, second);
    this.#put(b, first);
  }

  #put(place: number, entry: Delayed<L>): void {
    this.#heap[place] = entry;
    this.#place.set(entry.key, place);
  }
}
