/**
 * Reading refs one by one, a few at a time, where there is no batch call or it does not help.
 */
import { AuthenticationError, ProviderError } from '../errors.ts';
import { isOutage } from '../errors.ts';
import type { ReadOutcome } from '../provider.ts';
import type { SecretValue } from '../../secret-value.ts';

const AT_ONCE = 4;

/**
 * One outcome per item, in order. After an error that concerns all (outage, throttling, credentials) the rest is not
 * asked any more and gets the same error. @throws what is no ProviderError
 */
export async function readEach<T>(
  items: readonly T[],
  read: (item: T) => Promise<SecretValue>,
): Promise<ReadOutcome[]> {
  const outcomes: ReadOutcome[] = [];
  let general: ProviderError | undefined;
  const next = items.entries();
  const work = async (): Promise<void> => {
    for (const [index, item] of next) {
      outcomes[index] = general === undefined ? await outcomeOf(() => read(item)) : { ok: false, error: general };
      const outcome = outcomes[index];
      if (!outcome.ok && concernsAll(outcome.error)) general ??= outcome.error;
    }
  };
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, items.length) }, work));
  return outcomes;
}

export async function outcomeOf(read: () => Promise<SecretValue>): Promise<ReadOutcome> {
  try {
    return { ok: true, value: await read() };
  } catch (error) {
    if (error instanceof ProviderError) return { ok: false, error };
    throw error;
  }
}

function concernsAll(error: ProviderError): boolean {
  return isOutage(error) || error instanceof AuthenticationError;
}
