/**
 * What sessions with both services do alike: writing goes to the service's own writer, validating asks for credentials only.
 */
import type { Push, PushOutcome, SecretsClient, Validity } from '../provider.ts';
import { keysFor, type KeySource } from './keys.ts';

export type AwsWriter = Required<Pick<SecretsClient, 'push' | 'remove' | 'exists'>>;

export abstract class AwsSessionClient {
  /** It asks for credentials only, at most at STS. */
  readonly validatesElsewhere = true;
  readonly #keys: KeySource;
  readonly #writer: AwsWriter;

  constructor(keys: KeySource, writer: AwsWriter) {
    this.#keys = keys;
    this.#writer = writer;
  }

  push(push: Push, signal: AbortSignal): Promise<PushOutcome> {
    return this.#writer.push(push, signal);
  }

  remove(removal: Pick<Push, 'remoteKey' | 'entries'>, signal: AbortSignal): Promise<void> {
    return this.#writer.remove(removal, signal);
  }

  exists(remoteKey: string, property: string | undefined, signal: AbortSignal): Promise<boolean> {
    return this.#writer.exists(remoteKey, property, signal);
  }

  async validate(signal: AbortSignal): Promise<Validity> {
    await keysFor(this.#keys, signal);
    return 'Ready';
  }

  async close(): Promise<void> {}
}
