/** Faults of the fake API server: which calls fail or hang, and a record of the calls that were made. */

export type FakeVerb =
  'get' | 'list' | 'watch' | 'create' | 'update' | 'updateStatus' | 'patch' | 'delete' | 'createToken' | 'raw';

export interface FakeCall {
  readonly verb: FakeVerb;
  /** Empty for `createToken` and `raw`. */
  readonly plural: string;
  /** `namespace/name`, or just the namespace and a slash for a list. */
  readonly key: string;
}

interface Fault {
  readonly verb: FakeVerb;
  readonly plural: string | undefined;
  readonly error: Error | 'hang';
  left: number;
}

const WRITES: ReadonlySet<FakeVerb> = new Set(['create', 'update', 'updateStatus', 'patch', 'delete']);

export class FaultPlan {
  readonly #faults: Fault[] = [];
  #calls: FakeCall[] = [];

  /** The next `count` calls of this verb (on this plural, if given) throw `error`. */
  fail(verb: FakeVerb, error: Error, options: { readonly plural?: string; readonly count?: number } = {}): void {
    this.#faults.push({ verb, plural: options.plural, error, left: options.count ?? 1 });
  }

  /** The next call of this verb gets no answer until it is aborted. */
  hang(verb: FakeVerb, options: { readonly plural?: string; readonly count?: number } = {}): void {
    this.#faults.push({ verb, plural: options.plural, error: 'hang', left: options.count ?? 1 });
  }

  /** Everything works again. */
  heal(): void {
    this.#faults.length = 0;
  }

  /** Calls made so far, failed ones included. */
  calls(verb?: FakeVerb, plural?: string): readonly FakeCall[] {
    return this.#calls.filter((c) => (verb ?? c.verb) === c.verb && (plural ?? c.plural) === c.plural);
  }

  /** Calls that change something. */
  writes(): readonly FakeCall[] {
    return this.#calls.filter((call) => WRITES.has(call.verb));
  }

  forgetCalls(): void {
    this.#calls = [];
  }

  /** Called by the fake for each call: records it, then throws, hangs or lets it pass. */
  async meet(verb: FakeVerb, plural: string | undefined, key: string, signal?: AbortSignal): Promise<void> {
    this.#calls.push({ verb, plural: plural ?? '', key });
    const index = this.#faults.findIndex((f) => f.verb === verb && (f.plural ?? plural) === plural);
    const fault = this.#faults[index];
    if (fault === undefined) return;
    if (--fault.left <= 0) this.#faults.splice(index, 1);
    if (fault.error !== 'hang') throw fault.error;
    await new Promise((_resolve, reject) => {
      signal?.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
    });
  }
}
