import assert from 'node:assert/strict';
import { test } from 'node:test';
import { thing, things } from '../../test/builders/things.ts';
import type { KubeClient, ObjectName } from './client.ts';
import { routineClient } from './routine-client.ts';
import type { Resource } from './types.ts';

/** Answers when told to, and remembers which names were asked for. */
function world(atOnce: number) {
  const asked: string[] = [];
  const answers: (() => void)[] = [];
  const client: Partial<KubeClient> = {
    get: (_resource: Resource, { name }: ObjectName) => {
      asked.push(name);
      return new Promise<never>((resolve, reject) => {
        answers.push(() => (name === 'broken' ? reject(new Error('broken')) : resolve(thing(name) as never)));
      });
    },
  };
  const routine = routineClient(client as KubeClient, atOnce);
  const get = (name: string, signal?: AbortSignal): Promise<unknown> =>
    routine.get(things, { namespace: 'default', name }, { signal });
  return { asked, get, answerNext: () => answers.shift()?.() };
}

test('a few calls are under way at a time, the others follow in the order of asking', async () => {
  const { asked, get, answerNext } = world(2);
  const calls = ['a', 'b', 'c', 'd'].map((name) => get(name));
  assert.deepEqual(asked, ['a', 'b']);
  answerNext();
  await calls[0];
  assert.deepEqual(asked, ['a', 'b', 'c']);
  answerNext();
  answerNext();
  await Promise.all(calls.slice(1, 3));
  answerNext();
  await calls[3];
  assert.deepEqual(asked, ['a', 'b', 'c', 'd']);
});

test('a call that fails gives its place to the next', async () => {
  const { asked, get, answerNext } = world(1);
  const failing = get('broken');
  const next = get('a');
  answerNext();
  await assert.rejects(failing, /broken/);
  assert.deepEqual(asked, ['broken', 'a']);
  answerNext();
  await next;
});

test('who gives up waiting is not asked for, and takes nobody’s place', async () => {
  const { asked, get, answerNext } = world(1);
  const abort = new AbortController();
  const first = get('a');
  const second = get('b', abort.signal);
  const third = get('c');
  abort.abort(new Error('enough'));
  await assert.rejects(second, /enough/);
  await assert.rejects(get('d', abort.signal), /enough/);
  answerNext();
  await first;
  assert.deepEqual(asked, ['a', 'c']);
  answerNext();
  await third;
  const last = get('e');
  answerNext();
  await last;
});
