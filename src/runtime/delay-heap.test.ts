import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { DelayHeap } from './delay-heap.ts';

const heapOf = (...entries: readonly [string, number][]): DelayHeap<number> => {
  const heap = new DelayHeap<number>();
  for (const [key, dueAt] of entries) heap.set({ key, dueAt, lane: 0 });
  return heap;
};

const drain = (heap: DelayHeap<number>): string[] => {
  const keys: string[] = [];
  for (let due = heap.takeDue(Infinity); due !== undefined; due = heap.takeDue(Infinity)) keys.push(due.key);
  return keys;
};

describe('the heap of delayed keys', () => {
  it('gives keys in the order of their due times', () => {
    assert.deepEqual(drain(heapOf(['c', 3], ['a', 1], ['d', 4], ['b', 2])), ['a', 'b', 'c', 'd']);
  });

  it('gives nothing before it is due', () => {
    const heap = heapOf(['a', 10]);
    assert.equal(heap.takeDue(9), undefined);
    assert.equal(heap.takeDue(10)?.key, 'a');
  });

  it('moves a key that is set again, earlier or later', () => {
    const heap = heapOf(['a', 1], ['b', 2], ['c', 3]);
    heap.set({ key: 'a', dueAt: 9, lane: 1 });
    heap.set({ key: 'c', dueAt: 0, lane: 0 });
    assert.equal(heap.size, 3);
    assert.deepEqual(heap.get('a'), { key: 'a', dueAt: 9, lane: 1 });
    assert.deepEqual(drain(heap), ['c', 'b', 'a']);
  });

  it('forgets a deleted key, wherever it was, and ignores an unknown one', () => {
    for (const gone of ['a', 'b', 'c', 'd', 'e']) {
      const heap = heapOf(['a', 1], ['b', 2], ['c', 3], ['d', 4], ['e', 5]);
      heap.delete(gone);
      heap.delete('unknown');
      assert.deepEqual(
        drain(heap),
        ['a', 'b', 'c', 'd', 'e'].filter((key) => key !== gone),
      );
    }
  });

  it('stays in order through thousands of changes', () => {
    const heap = new DelayHeap<number>();
    for (let i = 0; i < 5000; i++) {
      const key = String((i * 31) % 700);
      if (i % 5 === 0) heap.delete(key);
      else heap.set({ key, dueAt: (i * 7919) % 1000, lane: 0 });
    }
    let last = -1;
    for (let due = heap.takeDue(Infinity); due !== undefined; due = heap.takeDue(Infinity)) {
      assert.ok(due.dueAt >= last);
      last = due.dueAt;
    }
  });
});
