/**
 * Reading for backends without a batch call: every ref is a call of its own, and a bad one never fails its neighbours.
 */
import type { SecretValue } from '../secret-value.ts';
import { ProviderError } from './errors.ts';
import { concernsAll } from './exchange.ts';
import type { ReadOutcome, ReadRef } from './provider.ts';

/** One outcome per ref, in order. @throws what concerns all of them (no login, an outage), and what is no ProviderError */
export function readOneByOne(
  refs: readonly ReadRef[],
  read: (ref: ReadRef) => Promise<SecretValue>,
): Promise<readonly ReadOutcome[]> {
  return Promise.all(refs.map((ref) => outcomeOf(() => read(ref))));
}

async function outcomeOf(read: () => Promise<SecretValue>): Promise<ReadOutcome> {
  try {
    return { ok: true, value: await read() };
  } catch (error) {
    if (error instanceof ProviderError && !concernsAll(error)) return { ok: false, error };
    throw error;
  }
}
