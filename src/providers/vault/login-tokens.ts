/**
 * The life of a token that we log in for (decision D75). One per session, shared by everything the session does.
 *
 *            first use                      a use is due before it expires, but only if renewed
 *   none ──── login ───▶ live ───────────────────────── renew ───────────────┐
 *    ▲                    │ ▲──────────────────────────────────────────────────┘
 *    ├── expired ─────────┤        nothing happens ahead of time: the next use finds it expired and logs in
 *    ├── 403 and lookup says dead     (the same use logs in again, once)
 *    └── idle 5 min and no use due before it expires, or session closed: revoke
 */
import type { Clock, Timer } from '../../clock.ts';
import type { SecretValue } from '../../secret-value.ts';
import type { Login } from './auth/index.ts';
import { Denials } from './denials.ts';
import type { IssuedToken, TokenCalls } from './login.ts';
import type { Tokens } from './tokens.ts';
import { Usage } from './usage.ts';

export const IDLE_MS = 5 * 60_000;
/** A token is not used in the last moments of its life: the request has to arrive. */
const LONGEST_MARGIN_MS = 10_000;
/** Real time; the process is ending, or nobody waits. */
const REVOKE_TIMEOUT_MS = 5000;

export interface LoginTokensOptions {
  readonly login: Login;
  readonly calls: TokenCalls;
  readonly clock: Clock;
  /** The session's end. */
  readonly signal: AbortSignal;
}

interface Held extends IssuedToken {
  expiresAt: number;
  /** What the last login or renewal gave. */
  grantedMs: number;
  mayRenew: boolean;
  usesLeft: number;
}

export class LoginTokens implements Tokens {
  readonly #options: LoginTokensOptions;
  readonly #usage = new Usage();
  readonly #denials = new Denials();
  readonly #revocations = new Set<Promise<void>>();
  #held: Held | undefined;
  #loggingIn: Promise<Held> | undefined;
  #renewing: Promise<void> | undefined;
  #checking: Promise<boolean> | undefined;
  #idleTimer: Timer | undefined;
  #closed = false;

  constructor(options: LoginTokensOptions) {
    this.#options = options;
  }

  async current(signal: AbortSignal): Promise<SecretValue> {
    const now = this.#options.clock.now();
    this.#usage.note(now);
    let held = this.#live(now);
    // Of a token that is good for one request, only one of those who waited for the login gets it.
    while (held === undefined || held.usesLeft <= 0) held = await join(this.#logIn(), signal);
    held.usesLeft -= 1;
    if (this.#isWorthRenewing(held, now)) await join(this.#renew(held), signal);
    this.#watchIdleness();
    return held.token;
  }

  async replaceAfterDenial(used: SecretValue, path: string, signal: AbortSignal): Promise<boolean> {
    const now = this.#options.clock.now();
    if (this.#held?.token !== used) return true;
    if (this.#denials.isPolicy(path, used, now)) {
      this.#denials.remember(path, now);
      return false;
    }
    return join(this.#check(this.#held, path), signal);
  }

  async verify(signal: AbortSignal): Promise<void> {
    await this.current(signal);
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#idleTimer?.cancel();
    this.#release();
    await this.#loggingIn?.catch(() => undefined);
    await Promise.all(this.#revocations);
  }

  #live(now: number): Held | undefined {
    const held = this.#held;
    if (held === undefined || held.usesLeft <= 0) return undefined;
    return now < held.expiresAt - margin(held) ? held : undefined;
  }

  #logIn(): Promise<Held> {
    this.#loggingIn ??= this.#newToken().finally(() => {
      this.#loggingIn = undefined;
    });
    return this.#loggingIn;
  }

  async #newToken(): Promise<Held> {
    const { calls, login, clock, signal } = this.#options;
    const sentAt = clock.now();
    const issued = await calls.login(login, signal);
    const held: Held = {
      ...issued,
      expiresAt: sentAt + issued.ttlMs,
      grantedMs: issued.ttlMs,
      mayRenew: issued.renewable && !issued.isBatch && issued.uses === Infinity,
      usesLeft: issued.uses,
    };
    this.#held = held;
    if (this.#closed) this.#release();
    return held;
  }

  /** The next use would find it expired, and would not if it were renewed now. */
  #isWorthRenewing(held: Held, now: number): boolean {
    const gap = this.#usage.expectedGapMs;
    if (!held.mayRenew || gap === undefined) return false;
    const nextUse = now + gap;
    return nextUse >= held.expiresAt - margin(held) && gap < held.grantedMs - margin(held);
  }

  #renew(held: Held): Promise<void> {
    this.#renewing ??= this.#longerLife(held).finally(() => {
      this.#renewing = undefined;
    });
    return this.#renewing;
  }

  /** A renewal that fails changes nothing: the token serves until it expires, then the next use logs in. */
  async #longerLife(held: Held): Promise<void> {
    const { calls, clock, signal } = this.#options;
    const sentAt = clock.now();
    const renewed = await calls.renew(held.token, signal).catch(() => undefined);
    const until = renewed === undefined ? 0 : sentAt + renewed.ttlMs;
    // Near the end of its longest life Vault grants less and less: then a new login is better.
    held.mayRenew = renewed !== undefined && renewed.renewable && renewed.ttlMs >= held.grantedMs / 2;
    held.expiresAt = Math.max(held.expiresAt, until);
  }

  /** One check for all that were denied meanwhile. */
  #check(held: Held, path: string): Promise<boolean> {
    this.#checking ??= this.#replaceIfDead(held, path).finally(() => {
      this.#checking = undefined;
    });
    return this.#checking;
  }

  async #replaceIfDead(held: Held, path: string): Promise<boolean> {
    const { calls, clock, signal } = this.#options;
    if (await calls.isAlive(held.token, signal)) {
      this.#denials.proved(held.token, clock.now());
      this.#denials.remember(path, clock.now());
      return false;
    }
    if (this.#held === held) this.#held = undefined;
    const next = await this.#logIn();
    // Fresh from a login: a 403 with it is the policy's.
    this.#denials.proved(next.token, clock.now());
    return true;
  }

  #watchIdleness(): void {
    if (this.#idleTimer !== undefined || this.#closed) return;
    this.#idleTimer = this.#options.clock.setTimer(IDLE_MS, () => this.#whenIdle());
  }

  #whenIdle(): void {
    this.#idleTimer = undefined;
    const held = this.#held;
    if (held === undefined || this.#closed) return;
    const waitMs = this.#keepForMs(held, this.#options.clock.now());
    if (waitMs > 0) this.#idleTimer = this.#options.clock.setTimer(waitMs, () => this.#whenIdle());
    else this.#release();
  }

  /** How much longer the token is kept without a use, from now. */
  #keepForMs(held: Held, now: number): number {
    const left = IDLE_MS - this.#usage.idleMs(now);
    const due = this.#usage.nextDueAt;
    const isDue = due !== undefined && due < held.expiresAt - margin(held);
    return isDue ? Math.max(left, due + IDLE_MS - now) : left;
  }

  /** Forgets the token and, if Vault can, makes Vault forget it. */
  #release(): void {
    const held = this.#held;
    this.#held = undefined;
    if (held === undefined || held.isBatch || this.#options.clock.now() >= held.expiresAt) return;
    const revocation = this.#options.calls
      .revoke(held.token, AbortSignal.timeout(REVOKE_TIMEOUT_MS))
      .finally(() => this.#revocations.delete(revocation));
    this.#revocations.add(revocation);
  }
}

function margin({ grantedMs }: { readonly grantedMs: number }): number {
  return Math.min(LONGEST_MARGIN_MS, grantedMs / 10);
}

/** Waits for work that others may wait for as well. The asker can give up alone. */
async function join<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  work.catch(() => undefined);
  signal.throwIfAborted();
  const left = Promise.withResolvers<never>();
  const onAbort = (): void => left.reject(signal.reason);
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    return await Promise.race([work, left.promise]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}
