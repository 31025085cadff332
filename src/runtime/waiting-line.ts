/**
 * The keys that wait in one lane of a work queue. Inside a group they are served in the order they came; groups take
 * turns, so that ten thousand keys of one SecretStore do not stand in front of the only key of another.
 */
import { Fifo } from './fifo.ts';
import type { Lane } from './lanes.ts';

export interface WaitingItem {
  readonly key: string;
  readonly group: string;
  readonly lane: Lane;
  /** When the key began to wait, in milliseconds since the epoch; moving to another lane does not change it. */
  readonly addedAt: number;
}

interface Group {
  readonly name: string;
  readonly items: Fifo<WaitingItem>;
  /** Items that were moved to another lane stay in `items` until they come up; these are the others. */
  readonly live: Set<WaitingItem>;
  hasTurn: boolean;
}

export class WaitingLine {
  readonly #groups = new Map<string, Group>();
  /** Groups in the order of their next turn. May hold groups that became empty: they are dropped when they come up. */
  readonly #turns = new Fifo<Group>();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  push(item: WaitingItem): void {
    const group = this.#group(item.group);
    group.items.push(item);
    group.live.add(item);
    this.#size++;
    if (group.hasTurn) return;
    group.hasTurn = true;
    this.#turns.push(group);
  }

  /** Takes the item out, wherever it stands. Its group keeps its turn. */
  remove(item: WaitingItem): void {
    const group = this.#groups.get(item.group);
    if (group?.live.delete(item) === true) this.#size--;
  }

  /**
   * The item whose turn it is among the groups that may start one, or undefined. Groups that may not are passed over;
   * there are never more of them than slots in use, so this does not depend on how many keys wait.
   */
  peek(mayStart: (group: string) => boolean): WaitingItem | undefined {
    for (let left = this.#turns.size; left > 0; left--) {
      const group = this.#turns.peek();
      if (group === undefined) return undefined;
      const item = headOf(group);
      if (item !== undefined && mayStart(group.name)) return item;
      this.#endTurn(group);
    }
    return undefined;
  }

  /** Takes out what {@link peek} just returned; its group goes to the end of the turns. */
  take(item: WaitingItem): void {
    this.remove(item);
    const group = this.#turns.peek();
    if (group !== undefined && group.name === item.group) this.#endTurn(group);
  }

  #group(name: string): Group {
    let group = this.#groups.get(name);
    if (group === undefined) {
      group = { name, items: new Fifo(), live: new Set(), hasTurn: false };
      this.#groups.set(name, group);
    }
    return group;
  }

  #endTurn(group: Group): void {
    this.#turns.shift();
    if (group.live.size > 0) {
      this.#turns.push(group);
    } else {
      group.hasTurn = false;
      this.#groups.delete(group.name);
    }
  }
}

function headOf(group: Group): WaitingItem | undefined {
  for (let item = group.items.peek(); item !== undefined; item = group.items.peek()) {
    if (group.live.has(item)) return item;
    group.items.shift();
  }
  return undefined;
}
