/**
 * The work queue: keys in, one key per worker out. It decides who comes next and nothing else.
 *
 *     addAfter ──▶ delayed ──due──▶ waiting (lane, group) ──next()──▶ running ──done()──▶ gone
 *     add ──────────────────────────▲                                   │
 *                                   └───────────── added meanwhile ◀────┘
 *
 * - A key is never handed out twice at once; added while it runs, it runs exactly once more.
 * - A key waits in one lane, the most urgent it was added to. Lanes are served in order, except that every fourth key
 *   comes from a lower lane when one has waited there for long: nobody starves, and a backlog of routine work holds up
 *   an urgent key by no more than a quarter.
 * - Groups (SecretStore identities) take turns inside a lane. One group may use most of the slots, never all: it starts
 *   another key only while it has fewer running than four times the free slots, so a slow group leaves room for others.
 * - A delayed key keeps its earliest due time. When the key starts for another reason, the delay is dropped: whoever
 *   works on a key decides afresh when to come back.
 */
import type { Clock, Timer } from '../clock.ts';
import { DelayHeap } from './delay-heap.ts';
import { Fifo } from './fifo.ts';
import { allLanes, moreUrgent, type Lane } from './lanes.ts';
import { silentObserver, type QueueGauges, type QueueObserver } from './observer.ts';
import { WaitingLine, type WaitingItem } from './waiting-line.ts';

export { LANES, laneName, type Lane } from './lanes.ts';

export interface WorkQueueOptions {
  readonly clock: Clock;
  /** How many keys may run at once. Default: no limit. */
  readonly slots?: number;
  /** Whose turn a key uses, e.g. its SecretStore; asked when the key begins to wait. Default: no groups, no bounds. */
  readonly groupOf?: (key: string) => string;
  /** The most keys of one group that run at once, on top of the rule above. Default: no limit. */
  readonly groupLimit?: number;
  /** How long a key waits in a lower lane, in milliseconds, before it gets every fourth turn. Default 10 s. */
  readonly ageMs?: number;
  readonly observer?: QueueObserver;
}

export interface WorkItem {
  readonly key: string;
  readonly lane: Lane;
}

interface Running {
  readonly group: string;
  readonly startedAt: number;
  /** Set when the key was added while it ran. */
  again: Lane | undefined;
}

const GROUP_SHARE = 4;
const AGED_TURN = 4;

export class WorkQueue {
  readonly #clock: Clock;
  readonly #slots: number;
  readonly #groupOf: ((key: string) => string) | undefined;
  readonly #groupLimit: number;
  readonly #ageMs: number;
  readonly #observer: QueueObserver;

  readonly #delayed = new DelayHeap<Lane>();
  readonly #waiting = new Map<string, WaitingItem>();
  readonly #lines: Readonly<Record<Lane, WaitingLine>> = {
    0: new WaitingLine(),
    1: new WaitingLine(),
    2: new WaitingLine(),
    3: new WaitingLine(),
  };
  readonly #running = new Map<string, Running>();
  readonly #runningByGroup = new Map<string, number>();
  readonly #takers = new Fifo<(item: WorkItem | undefined) => void>();

  #timer: { readonly dueAt: number; readonly timer: Timer } | undefined;
  #turnsSinceAged = 0;
  #paused = false;
  #closed = false;

  constructor(options: WorkQueueOptions) {
    this.#clock = options.clock;
    this.#slots = options.slots ?? Infinity;
    this.#groupOf = options.groupOf;
    this.#groupLimit = options.groupLimit ?? Infinity;
    this.#ageMs = options.ageMs ?? 10_000;
    this.#observer = options.observer ?? silentObserver;
  }

  /** Keys that wait for a slot (delayed and running ones not counted). */
  get size(): number {
    return this.#waiting.size;
  }

  /** Of those, the ones that are as urgent as `lane`. */
  waitingIn(lane: Lane): number {
    return this.#lines[lane].size;
  }

  /** Wants the key looked at as soon as possible. */
  add(key: string, lane: Lane): void {
    if (this.#closed) return;
    this.#want(key, lane);
    this.#serve();
  }

  /** Wants the key looked at in `ms` milliseconds; an earlier wish stays, the more urgent lane wins. */
  addAfter(key: string, ms: number, lane: Lane): void {
    if (ms <= 0) this.add(key, lane);
    if (ms <= 0 || this.#closed || this.#waiting.has(key)) return;
    const dueAt = this.#clock.now() + ms;
    const known = this.#delayed.get(key);
    this.#delayed.set(
      known === undefined
        ? { key, dueAt, lane }
        : { key, dueAt: Math.min(dueAt, known.dueAt), lane: moreUrgent(lane, known.lane) },
    );
    this.#arm();
  }

  /** The next key, if there is one that may start now. */
  take(): WorkItem | undefined {
    if (this.#closed || this.#paused || this.#running.size >= this.#slots) return undefined;
    const item = this.#pick();
    if (item === undefined) return undefined;
    const now = this.#clock.now();
    this.#lines[item.lane].take(item);
    this.#waiting.delete(item.key);
    this.#delayed.delete(item.key);
    this.#running.set(item.key, { group: item.group, startedAt: now, again: undefined });
    this.#runningByGroup.set(item.group, this.#runningOf(item.group) + 1);
    this.#observer.started(item.lane, now - item.addedAt);
    return { key: item.key, lane: item.lane };
  }

  /** The next key, as soon as there is one and a slot for it; undefined once the queue is shut down. */
  next(): Promise<WorkItem | undefined> {
    return new Promise((resolve) => {
      this.#takers.push(resolve);
      this.#serve();
    });
  }

  /** The work on a key that `next` handed out has ended. */
  done(key: string): void {
    const running = this.#running.get(key);
    if (running === undefined) return;
    this.#running.delete(key);
    this.#release(running.group);
    this.#observer.finished(this.#clock.now() - running.startedAt);
    if (running.again !== undefined && !this.#closed) this.#enqueue(key, running.again);
    this.#serve();
  }

  /** Hands nothing out until {@link resume}; keys are still collected. */
  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
    this.#serve();
  }

  /** Hands nothing out any more, forgets what waits and takes nothing new. What runs may end in peace. */
  shutDown(): void {
    this.#closed = true;
    this.#timer?.timer.cancel();
    this.#timer = undefined;
    this.#delayed.clear();
    this.#waiting.clear();
    while (this.#takers.size > 0) this.#takers.shift()?.(undefined);
  }

  /** What a scrape wants to know; durations in milliseconds. */
  gauges(): QueueGauges {
    const now = this.#clock.now();
    const ages = [...this.#running.values()].map((running) => now - running.startedAt);
    return {
      depth: allLanes.map((lane) => (this.#closed ? 0 : this.#lines[lane].size)),
      running: this.#running.size,
      unfinishedMs: ages.reduce((sum, age) => sum + age, 0),
      longestRunningMs: Math.max(0, ...ages),
    };
  }

  #want(key: string, lane: Lane): void {
    const running = this.#running.get(key);
    if (running === undefined) this.#enqueue(key, lane);
    else running.again = running.again === undefined ? lane : moreUrgent(running.again, lane);
  }

  #enqueue(key: string, lane: Lane): void {
    const waiting = this.#waiting.get(key);
    if (waiting !== undefined && waiting.lane <= lane) return;
    if (waiting !== undefined) this.#lines[waiting.lane].remove(waiting);
    const group = waiting?.group ?? this.#groupOf?.(key) ?? '';
    const item = { key, lane, group, addedAt: waiting?.addedAt ?? this.#clock.now() };
    this.#waiting.set(key, item);
    this.#lines[lane].push(item);
    if (waiting === undefined) this.#observer.added(lane);
  }

  #serve(): void {
    while (this.#takers.size > 0) {
      const item = this.take();
      if (item === undefined && !this.#closed) return;
      this.#takers.shift()?.(item);
    }
  }

  #pick(): WaitingItem | undefined {
    const heads = allLanes.map((lane) => this.#lines[lane].peek(this.#mayStart)).filter((item) => item !== undefined);
    const [urgent, ...others] = heads;
    const aged = this.#longestAged(others);
    if (aged === undefined) this.#turnsSinceAged = 0;
    else if (++this.#turnsSinceAged >= AGED_TURN) {
      this.#turnsSinceAged = 0;
      return aged;
    }
    return urgent;
  }

  #longestAged(items: readonly WaitingItem[]): WaitingItem | undefined {
    const agedBefore = this.#clock.now() - this.#ageMs;
    let oldest: WaitingItem | undefined;
    for (const item of items) {
      if (item.addedAt <= agedBefore && (oldest === undefined || item.addedAt < oldest.addedAt)) oldest = item;
    }
    return oldest;
  }

  readonly #mayStart = (group: string): boolean => {
    if (this.#groupOf === undefined) return true;
    const running = this.#runningOf(group);
    return running < this.#groupLimit && running < GROUP_SHARE * (this.#slots - this.#running.size);
  };

  #runningOf(group: string): number {
    return this.#runningByGroup.get(group) ?? 0;
  }

  #release(group: string): void {
    const left = this.#runningOf(group) - 1;
    if (left > 0) this.#runningByGroup.set(group, left);
    else this.#runningByGroup.delete(group);
  }

  /** One timer for all delayed keys: set for the earliest, moved when another becomes the earliest. */
  #arm(): void {
    const dueAt = this.#delayed.peek()?.dueAt;
    if (dueAt === undefined || (this.#timer !== undefined && this.#timer.dueAt <= dueAt)) return;
    this.#timer?.timer.cancel();
    const timer = this.#clock.setTimer(dueAt - this.#clock.now(), this.#onTimer);
    this.#timer = { dueAt, timer };
  }

  readonly #onTimer = (): void => {
    this.#timer = undefined;
    const now = this.#clock.now();
    for (let due = this.#delayed.takeDue(now); due !== undefined; due = this.#delayed.takeDue(now)) {
      this.#want(due.key, due.lane);
    }
    this.#arm();
    this.#serve();
  };
}
