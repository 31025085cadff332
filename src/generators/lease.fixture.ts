/** For tests: a lease that writes down what becomes of it, at a backend that may be out of reach. */
import type { Clock } from '../clock.ts';
import type { Lease } from './generator.ts';

export class FakeLease implements Lease {
  readonly id: string;
  readonly state: Readonly<Record<string, unknown>>;
  readonly log: string[] = [];
  /** What renewing and revoking throw. */
  error: Error | undefined;
  renewEveryMs: number | undefined;
  readonly #clock: Clock;
  #renewAt: number;

  constructor(id: string, clock: Clock, renewEveryMs?: number) {
    this.id = id;
    this.state = { id };
    this.#clock = clock;
    this.renewEveryMs = renewEveryMs;
    this.#renewAt = clock.now() + (renewEveryMs ?? 0);
  }

  renewInMs(): number | undefined {
    return this.renewEveryMs === undefined ? undefined : this.#renewAt - this.#clock.now();
  }

  async renew(): Promise<void> {
    this.#renewAt = this.#clock.now() + (this.renewEveryMs ?? 0);
    this.log.push('renew');
    if (this.error !== undefined) throw this.error;
  }

  async revoke(): Promise<void> {
    this.log.push('revoke');
    if (this.error !== undefined) throw this.error;
  }

  async drop(): Promise<void> {
    this.log.push('drop');
  }
}
