import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';
import { ManualClock } from '../../../test/builders/manual-clock.ts';
import { SecretValue } from '../../secret-value.ts';
import { AuthenticationError, BackendUnavailableError } from '../errors.ts';
import type { Login } from './auth/index.ts';
import type { IssuedToken, TokenCalls } from './login.ts';
import { IDLE_MS, LoginTokens } from './login-tokens.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const signal = new AbortController().signal;
const LOGIN: Login = {
  kind: 'login',
  title: 'test login',
  hint: '',
  prepare: async () => ({ path: '', body: {}, secrets: [] }),
};

/** A Vault of four calls, with a memory of what was asked. */
class FakeCalls {
  readonly log: string[] = [];
  readonly revoked = new Set<string>();
  terms: Partial<IssuedToken> = { ttlMs: 15 * MINUTE };
  /** What a renewal grants; undefined: it is refused. */
  renewal: Partial<IssuedToken> | undefined = {};
  hold: Promise<void> | undefined;
  failure: Error | undefined;
  #count = 0;

  async login(): Promise<IssuedToken> {
    this.log.push('login');
    await this.hold;
    if (this.failure !== undefined) throw this.failure;
    return this.#issue(`t${++this.#count}`, {});
  }

  async isAlive(token: SecretValue): Promise<boolean> {
    this.log.push('lookup');
    return !this.revoked.has(token.revealText());
  }

  async renew(token: SecretValue): Promise<IssuedToken | undefined> {
    this.log.push('renew');
    return this.renewal === undefined ? undefined : this.#issue(token.revealText(), this.renewal);
  }

  async revoke(token: SecretValue): Promise<void> {
    this.log.push(`revoke ${token.revealText()}`);
    this.revoked.add(token.revealText());
  }

  #issue(name: string, more: Partial<IssuedToken>): IssuedToken {
    const accessor = `accessor-of-${name}`;
    const plain = {
      token: SecretValue.ofText(name),
      accessor,
      ttlMs: HOUR,
      renewable: true,
      isBatch: false,
      uses: Infinity,
    };
    return { ...plain, ...this.terms, ...more };
  }
}

describe('the life of a token', () => {
  let clock: ManualClock;
  let calls: FakeCalls;
  let tokens: LoginTokens;
  beforeEach(() => {
    clock = new ManualClock();
    calls = new FakeCalls();
    tokens = new LoginTokens({ login: LOGIN, calls: calls as unknown as TokenCalls, clock, signal });
  });
  const use = async (): Promise<string> => (await tokens.current(signal)).revealText();

  it('begins with one login, however many ask at once', async () => {
    assert.deepEqual(await Promise.all([use(), use(), use()]), ['t1', 't1', 't1']);
    assert.deepEqual(calls.log, ['login']);
  });

  it('serves reads of every minute with renewals only', async () => {
    for (let minute = 0; minute < 60; minute++) {
      assert.equal(await use(), 't1');
      await clock.advance(MINUTE);
    }
    assert.equal(calls.log.filter((call) => call === 'login').length, 1);
    assert.equal(calls.log.filter((call) => call === 'renew').length, 4);
    assert.equal(calls.log.length, 5, 'nothing else is asked of Vault');
  });

  it('ends when no read is due before it expires: nothing is renewed for its own sake (15 minutes, reads each hour)', async () => {
    for (let hour = 1; hour <= 4; hour++) {
      assert.equal(await use(), `t${hour}`);
      await clock.advance(HOUR);
    }
    assert.deepEqual(
      calls.log.filter((call) => call === 'renew'),
      [],
    );
    assert.equal(calls.log.filter((call) => call === 'login').length, 4);
    assert.deepEqual([...calls.revoked], ['t1', 't2', 't3', 't4'], 'each is revoked after five idle minutes');
  });

  it('goes on while a read is due: 24 hours, reads each hour', async () => {
    calls.terms = { ttlMs: 24 * HOUR };
    await use();
    await clock.advance(HOUR);
    for (let hour = 0; hour < 48; hour++) {
      await use();
      await clock.advance(HOUR);
    }
    assert.equal(
      calls.log.filter((call) => call === 'login').length,
      2,
      'the first was idle before the rhythm was known',
    );
    assert.equal(calls.log.filter((call) => call === 'renew').length, 2);
  });

  it('ends after five idle minutes', async () => {
    calls.terms = { ttlMs: 24 * HOUR };
    await use();
    await clock.advance(IDLE_MS - 1);
    assert.deepEqual(calls.log, ['login']);
    await clock.advance(1);
    assert.deepEqual(calls.log, ['login', 'revoke t1']);
    assert.equal(clock.pendingTimers, 0);
    assert.equal(await use(), 't2');
  });

  it('is not used in its last seconds', async () => {
    await use();
    await clock.advance(4 * MINUTE);
    await use();
    await clock.advance(4 * MINUTE);
    await use();
    calls.renewal = undefined;
    calls.log.length = 0;
    await clock.advance(7 * MINUTE - 5000);
    assert.equal(await use(), 't2');
  });

  it('that may not be renewed serves until it expires, and is asked only once', async () => {
    calls.renewal = undefined;
    for (let minute = 0; minute < 15; minute++) {
      assert.equal(await use(), 't1');
      await clock.advance(MINUTE);
    }
    assert.equal(await use(), 't2');
    assert.equal(calls.log.filter((call) => call === 'renew').length, 1);
  });

  it('near the end of its longest life is replaced, not renewed in ever smaller steps', async () => {
    calls.renewal = { ttlMs: 3 * MINUTE };
    for (let minute = 0; minute < 30; minute++) {
      await use();
      await clock.advance(MINUTE);
    }
    assert.ok(calls.log.filter((call) => call === 'renew').length <= 2, calls.log.join());
  });

  it('that is a batch token is neither renewed nor revoked', async () => {
    calls.terms = { ttlMs: 15 * MINUTE, isBatch: true, renewable: false };
    await use();
    await clock.advance(14 * MINUTE);
    await use();
    await tokens.close();
    assert.deepEqual(calls.log, ['login', 'login']);
  });

  it('without end is kept as long as it is used', async () => {
    calls.terms = { ttlMs: Infinity };
    for (let hour = 0; hour < 5; hour++) {
      await use();
      await clock.advance(MINUTE);
    }
    assert.deepEqual(calls.log, ['login']);
  });

  it('good for one request serves one request', async () => {
    calls.terms = { uses: 1 };
    assert.deepEqual((await Promise.all([use(), use(), use()])).sort(), ['t1', 't2', 't3']);
  });

  it('ends with the session: revoked, no timer left', async () => {
    await use();
    await tokens.close();
    assert.deepEqual(calls.log, ['login', 'revoke t1']);
    assert.equal(clock.pendingTimers, 0);
  });

  it('that arrives after the session was closed is revoked as well', async () => {
    const held = Promise.withResolvers<void>();
    calls.hold = held.promise;
    const asked = use();
    const closed = tokens.close();
    held.resolve();
    await Promise.all([asked, closed]);
    assert.deepEqual(calls.log, ['login', 'revoke t1']);
  });

  it('is not touched by one asker who gives up', async () => {
    const held = Promise.withResolvers<void>();
    calls.hold = held.promise;
    const hasty = new AbortController();
    const [first, second] = [tokens.current(hasty.signal), use()];
    hasty.abort(new Error('no time'));
    await assert.rejects(first, /no time/);
    held.resolve();
    assert.equal(await second, 't1');
  });

  it('does not begin when the login fails; the next use tries again', async () => {
    calls.failure = new BackendUnavailableError('down');
    await assert.rejects(use(), BackendUnavailableError);
    calls.failure = undefined;
    assert.equal(await use(), 't1');
  });
});

describe('a 403', () => {
  let clock: ManualClock;
  let calls: FakeCalls;
  let tokens: LoginTokens;
  beforeEach(() => {
    clock = new ManualClock();
    calls = new FakeCalls();
    tokens = new LoginTokens({ login: LOGIN, calls: calls as unknown as TokenCalls, clock, signal });
  });

  it('of the policy costs one lookup for a whole burst, and none at the next refresh', async () => {
    const token = await tokens.current(signal);
    const denied = await Promise.all(['a', 'b', 'c'].map((path) => tokens.replaceAfterDenial(token, path, signal)));
    assert.deepEqual(denied, [false, false, false]);
    assert.deepEqual(await tokens.replaceAfterDenial(token, 'b', signal), false);
    assert.deepEqual(calls.log, ['login', 'lookup']);
    await clock.advance(MINUTE);
    assert.equal(await tokens.replaceAfterDenial(await tokens.current(signal), 'a', signal), false);
    assert.deepEqual(calls.log, ['login', 'lookup']);
  });

  it('of a revoked token brings one new login for all who were denied', async () => {
    const token = await tokens.current(signal);
    calls.revoked.add('t1');
    const replaced = await Promise.all(['a', 'b', 'c'].map((path) => tokens.replaceAfterDenial(token, path, signal)));
    assert.deepEqual(replaced, [true, true, true]);
    assert.equal((await tokens.current(signal)).revealText(), 't2');
    assert.deepEqual(calls.log, ['login', 'lookup', 'login']);
  });

  it('with a token that somebody replaced meanwhile is just tried again', async () => {
    const old = await tokens.current(signal);
    calls.revoked.add('t1');
    await tokens.replaceAfterDenial(old, 'a', signal);
    calls.log.length = 0;
    assert.equal(await tokens.replaceAfterDenial(old, 'b', signal), true);
    assert.deepEqual(calls.log, []);
  });

  it('with a token fresh from a login is the policy’s', async () => {
    const old = await tokens.current(signal);
    calls.revoked.add('t1');
    await tokens.replaceAfterDenial(old, 'a', signal);
    calls.log.length = 0;
    assert.equal(await tokens.replaceAfterDenial(await tokens.current(signal), 'a', signal), false);
    assert.deepEqual(calls.log, []);
  });

  it('is an authentication failure when there is no new token to be had', async () => {
    const token = await tokens.current(signal);
    calls.revoked.add('t1');
    calls.failure = new AuthenticationError('refused');
    await assert.rejects(tokens.replaceAfterDenial(token, 'a', signal), AuthenticationError);
  });
});
