/**
 * A circuit breaker for one identity: when its backend keeps failing, callers get an error at once instead of each
 * waiting for a time-out, and the backend gets a probe now and then.
 *
 *   closed ──5 failures in a row──▶ open ──probe time──▶ one caller is let through
 *     ▲                              │ ▲                     │
 *     └──────── any success ─────────┘ └────── it fails ─────┘
 *
 * Only "no usable answer" and "throttled" are failures. A denial or a missing secret is an answer.
 */
import type { Clock } from '../clock.ts';
import {
  AuthenticationError,
  CircuitOpenError,
  PermissionDeniedError,
  SecretNotFoundError,
  type OutageError,
} from './errors.ts';

const FAILURES_TO_OPEN = 5;
/** At most two probes a minute. Up to a fifth is added, so that identities do not probe together. */
const PROBE_INTERVAL_MS = 30_000;
const PROBE_JITTER = 0.2;

const ANSWERS = [AuthenticationError, PermissionDeniedError, SecretNotFoundError];

export interface BreakerOptions {
  readonly clock: Clock;
  readonly random: () => number;
  /** Called when an open circuit closes: what waited can go on. */
  readonly onClose?: (() => void) | undefined;
}

export class Breaker {
  readonly #options: BreakerOptions;
  #failures = 0;
  #open: { readonly cause: OutageError; probeAt: number } | undefined;

  constructor(options: BreakerOptions) {
    this.#options = options;
  }

  get isOpen(): boolean {
    return this.#open !== undefined;
  }

  /**
   * To be asked before a call. While open it lets one caller through when a probe is due.
   * @throws CircuitOpenError
   */
  admit(): void {
    const open = this.#open;
    if (open === undefined) return;
    if (this.#options.clock.now() < open.probeAt) throw new CircuitOpenError(open.cause, open.probeAt);
    open.probeAt = this.#nextProbe();
  }

  /** The error an open circuit gives to what waits; undefined while closed. */
  refusal(): CircuitOpenError | undefined {
    return this.#open && new CircuitOpenError(this.#open.cause, this.#open.probeAt);
  }

  succeeded(): void {
    const wasOpen = this.isOpen;
    this.#failures = 0;
    this.#open = undefined;
    if (wasOpen) this.#options.onClose?.();
  }

  failed(outage: OutageError): void {
    this.#failures += 1;
    if (this.#failures < FAILURES_TO_OPEN) return;
    // What opened it stays the cause: who waits is not told something new, and writes no new status, at each probe.
    this.#open = { cause: this.#open?.cause ?? outage, probeAt: this.#nextProbe() };
  }

  /**
   * The call ended with an error that is no outage. A backend that says no is there, so that is a success; what else
   * a call may end with (an abort, a bug) says nothing about the backend.
   */
  answered(error: unknown): void {
    if (ANSWERS.some((answer) => error instanceof answer)) this.succeeded();
  }

  #nextProbe(): number {
    const { clock, random } = this.#options;
    return clock.now() + Math.round(PROBE_INTERVAL_MS * (1 + PROBE_JITTER * random()));
  }
}
