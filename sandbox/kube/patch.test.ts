import assert from 'node:assert/strict';
import { test } from 'node:test';
import { jsonPatch, mergePatch, strategicMergePatch } from './patch.ts';

test('a merge patch removes by null, merges objects and replaces lists', () => {
  assert.deepEqual(mergePatch({ a: 1, b: { c: 1, d: 2 }, l: [1] }, { a: null, b: { c: 3, e: null }, l: [2] }), {
    b: { c: 3, d: 2 },
    l: [2],
  });
});

test('a strategic patch merges owners by UID and finalizers as a set', () => {
  const target = { metadata: { ownerReferences: [{ uid: '1', name: 'a' }], finalizers: ['x'] } };
  const patch = {
    metadata: {
      ownerReferences: [
        { uid: '1', name: 'b' },
        { uid: '2', name: 'c' },
      ],
      finalizers: ['x', 'y'],
    },
  };
  assert.deepEqual(strategicMergePatch(target, patch), {
    metadata: {
      ownerReferences: [
        { uid: '2', name: 'c' },
        { uid: '1', name: 'b' },
      ],
      finalizers: ['y', 'x'],
    },
  });
  const less = {
    metadata: { ownerReferences: [{ uid: '1', $patch: 'delete' }], '$deleteFromPrimitiveList/finalizers': ['x'] },
  };
  assert.deepEqual(strategicMergePatch(target, less), { metadata: { ownerReferences: [], finalizers: [] } });
});

test('a JSON patch edits members and items and escapes its pointers', () => {
  const operations = [
    { op: 'add', path: '/a~1b', value: 1 },
    { op: 'replace', path: '/l/0', value: 9 },
    { op: 'add', path: '/l/-', value: 3 },
    { op: 'remove', path: '/l/1' },
    { op: 'move', from: '/x', path: '/y' },
    { op: 'copy', from: '/y', path: '/z' },
  ];
  assert.deepEqual(jsonPatch({ l: [1, 2], x: 5 }, operations), { 'a/b': 1, l: [9, 3], y: 5, z: 5 });
});

test('a JSON patch whose test fails is refused', () => {
  assert.throws(() => jsonPatch({ a: 1 }, [{ op: 'test', path: '/a', value: 2 }]), { code: 422 });
});
