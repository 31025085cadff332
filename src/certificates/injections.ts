/** What became of telling each client of the webhook about the bundle. Readiness and renewal ask. */

export interface Attempt {
  readonly succeeded: boolean;
  /** The last attempt that succeeded told this bundle; undefined: none did, or the object needs none. */
  readonly bundle: string | undefined;
  /** At least one attempt succeeded. */
  readonly everSucceeded: boolean;
  /** Nothing was to be told: the object calls no webhook. */
  readonly needless: boolean;
}

export class Injections {
  readonly #attempts = new Map<string, Attempt>();

  get(name: string): Attempt | undefined {
    return this.#attempts.get(name);
  }

  all(): readonly Attempt[] {
    return [...this.#attempts.values()];
  }

  /** @param bundle undefined when the object needs none */
  succeeded(name: string, bundle: string | undefined): void {
    this.#attempts.set(name, { succeeded: true, bundle, everSucceeded: true, needless: bundle === undefined });
  }

  failed(name: string): void {
    const before = this.#attempts.get(name);
    this.#attempts.set(name, {
      succeeded: false,
      bundle: before?.bundle,
      everSucceeded: before?.everSucceeded ?? false,
      needless: before?.needless ?? false,
    });
  }

  forget(name: string): void {
    this.#attempts.delete(name);
  }
}
