/**
 * The certificate that the webhook serves with, from two places: a folder (a mounted Secret, which the kubelet brings up
 * to date within a minute or two) and, when it was told its name, that Secret itself, at once. Whichever is good is used,
 * the Secret first; what is not good is never served instead of what is.
 */
import { sleep, type Clock } from '../clock.ts';
import { serverProblem } from '../certificates/verification.ts';
import type { Log } from '../log.ts';

/** PEM texts; empty where there is nothing. */
export interface ServingMaterial {
  readonly cert: string;
  readonly key: string;
  /** The authorities. */
  readonly bundle: string;
}

export interface ServingCertificateOptions {
  readonly dnsName: string;
  /** Reads the folder. @throws Error when a file cannot be read */
  readonly readFiles: () => Promise<ServingMaterial>;
  /** What the Secret holds now, if it is watched and there. */
  readonly fromSecret: () => ServingMaterial | undefined;
  /** `--check-interval` and `--lookahead-interval` in milliseconds. */
  readonly checkIntervalMs: number;
  readonly lookaheadMs: number;
  readonly clock: Clock;
  readonly log: Log;
  /** Told about each reading of the folder. */
  readonly observe: (succeeded: boolean) => void;
  /** Told of each certificate after the first. */
  readonly onChange: (material: ServingMaterial) => void;
}

const HOUR_MS = 3_600_000;
/** Less than this left is as good as expired. */
const LEAST_LEFT_MS = HOUR_MS;
const WAIT_MS = 2 * 60_000;
const POLL_AT_START_MS = 1_000;
const POLL_MS = 10_000;

export class ServingCertificate {
  readonly name = 'certificate';
  readonly #options: ServingCertificateOptions;
  readonly #first = Promise.withResolvers<void>();
  #files: ServingMaterial | undefined;
  #current: ServingMaterial | undefined;
  #problem = 'nothing was read yet';

  constructor(options: ServingCertificateOptions) {
    this.#options = options;
  }

  /** @throws Error before {@link synced} has resolved */
  get current(): ServingMaterial {
    if (this.#current === undefined) throw new Error('there is no certificate yet');
    return this.#current;
  }

  /** Why clients would not accept us now; undefined: they would. */
  problem(): string | undefined {
    return this.#current === undefined ? this.#problem : this.#problemIn(this.#current, LEAST_LEFT_MS);
  }

  /** Resolves when there is a good certificate. */
  synced(): Promise<void> {
    return this.#first.promise;
  }

  /** The Secret changed: look at once. */
  secretChanged(): void {
    this.#consider();
  }

  /**
   * Follows the certificate until the signal aborts.
   * @throws Error when there is none after two minutes, or when it will not be good for long enough: a restart is wanted
   */
  async run(signal: AbortSignal): Promise<void> {
    const { clock } = this.#options;
    try {
      await this.#waitForFirst(signal);
      let checkAt = clock.now() + this.#options.checkIntervalMs;
      for (;;) {
        await sleep(clock, Math.min(POLL_MS, Math.max(0, checkAt - clock.now())), signal);
        await this.#look();
        if (clock.now() < checkAt) continue;
        checkAt = clock.now() + this.#options.checkIntervalMs;
        this.#checkAhead();
      }
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  }

  async #waitForFirst(signal: AbortSignal): Promise<void> {
    const { clock, log } = this.#options;
    const until = clock.now() + WAIT_MS;
    for (;;) {
      await this.#look();
      if (this.#current !== undefined) return;
      if (clock.now() >= until) throw new Error(`no usable certificate after 2 minutes: ${this.#problem}`);
      log.debug({ problem: this.#problem }, 'waiting for a certificate');
      await sleep(clock, POLL_AT_START_MS, signal);
    }
  }

  #checkAhead(): void {
    const problem = this.#problemIn(this.current, this.#options.lookaheadMs);
    if (problem !== undefined) throw new Error(`the certificate is not good for long enough: ${problem}`);
  }

  async #look(): Promise<void> {
    try {
      this.#files = await this.#options.readFiles();
      this.#options.observe(true);
    } catch (error) {
      this.#options.observe(false);
      if (this.#current === undefined) this.#problem = error instanceof Error ? error.message : 'files cannot be read';
    }
    this.#consider();
  }

  #consider(): void {
    const found = [this.#options.fromSecret(), this.#files].filter((each) => each !== undefined);
    const best = this.#bestOf(found);
    if (best === undefined || isSame(best, this.#current)) return;
    const isFirst = this.#current === undefined;
    this.#current = best;
    this.#options.log.info({ dnsName: this.#options.dnsName }, isFirst ? 'certificate found' : 'certificate changed');
    if (isFirst) this.#first.resolve();
    else this.#options.onChange(best);
  }

  /** One that will be good for long before one that is good now. */
  #bestOf(found: readonly ServingMaterial[]): ServingMaterial | undefined {
    const { lookaheadMs } = this.#options;
    const lasting = found.find((each) => this.#problemIn(each, lookaheadMs) === undefined);
    if (lasting !== undefined) return lasting;
    const good = found.find((each) => this.#problemIn(each, LEAST_LEFT_MS) === undefined);
    const [first] = found;
    if (good === undefined && first !== undefined)
      this.#problem = this.#problemIn(first, LEAST_LEFT_MS) ?? this.#problem;
    return good;
  }

  #problemIn({ bundle, ...pair }: ServingMaterial, aheadMs: number): string | undefined {
    const { dnsName, clock } = this.#options;
    return serverProblem(pair, { bundle, dnsName, at: clock.now() + aheadMs });
  }
}

function isSame(a: ServingMaterial, b: ServingMaterial | undefined): boolean {
  return a.cert === b?.cert && a.key === b.key && a.bundle === b.bundle;
}
