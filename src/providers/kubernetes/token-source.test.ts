import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ManualClock } from '../../../test/builders/manual-clock.ts';
import { SecretValue } from '../../secret-value.ts';
import { RequestedToken } from './token-source.ts';

const HOUR_MS = 3_600_000;

function source(): { clock: ManualClock; tokens: RequestedToken; state: { requests: number; fails: boolean } } {
  const clock = new ManualClock();
  const state = { requests: 0, fails: false };
  const request = async (): Promise<{ token: SecretValue; expiresAt: number }> => {
    state.requests++;
    await Promise.resolve();
    if (state.fails) throw new Error('no token today');
    return { token: SecretValue.ofText(`t${state.requests}`), expiresAt: clock.now() + HOUR_MS };
  };
  return { clock, state, tokens: new RequestedToken({ who: 'a', request, clock }) };
}

test('one token serves all for nine tenths of its life', async () => {
  const { clock, tokens, state } = source();
  const [one, two] = await Promise.all([tokens.current(), tokens.current()]);
  assert.equal(one, two);
  await clock.advance(0.89 * HOUR_MS);
  assert.equal(await tokens.current(), one);
  await clock.advance(0.02 * HOUR_MS);
  assert.equal((await tokens.current()).revealText(), 't2');
  assert.equal(state.requests, 2);
});

test('while no new token can be had the old one is used to its end', async () => {
  const { clock, tokens, state } = source();
  await tokens.current();
  state.fails = true;
  await clock.advance(0.95 * HOUR_MS);
  assert.equal((await tokens.current()).revealText(), 't1');
  await clock.advance(0.06 * HOUR_MS);
  await assert.rejects(tokens.current(), /no token today/);
});

test('a refused token is replaced, but not one that was replaced already', async () => {
  const { tokens, state } = source();
  const first = await tokens.current();
  assert.equal(tokens.replace(first), true);
  const second = await tokens.current();
  assert.equal(second.revealText(), 't2');
  assert.equal(tokens.replace(first), true);
  assert.equal(await tokens.current(), second);
  assert.equal(state.requests, 2);
});
