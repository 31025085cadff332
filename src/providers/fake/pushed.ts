/**
 * What was pushed to fake stores: kept in this process's memory, for each SecretStore or ClusterSecretStore by itself (D79). A
 * store that is made anew under the same name starts empty; what is pushed is gone when the process ends.
 */
import type { SecretValue } from '../../secret-value.ts';
import { InvalidRefError } from '../errors.ts';
import type { Push, PushOutcome, StoreIdentity } from '../provider.ts';
import { pushedValue, remainingValue } from '../push-values.ts';

const memories = new Map<string, { readonly uid: string; readonly values: Map<string, SecretValue> }>();

/** The memory of this store, by remote key. */
export function memoryOf({ kind, namespace, name, uid }: StoreIdentity): Map<string, SecretValue> {
  const key = JSON.stringify([kind, namespace, name]);
  const known = memories.get(key);
  if (known?.uid === uid) return known.values;
  const values = new Map<string, SecretValue>();
  memories.set(key, { uid, values });
  return values;
}

export class FakePush {
  readonly #values: Map<string, SecretValue>;
  readonly #isFixed: (key: string) => boolean;

  /** `isFixed`: is this key written into the SecretStore itself? */
  constructor(values: Map<string, SecretValue>, isFixed: (key: string) => boolean) {
    this.#values = values;
    this.#isFixed = isFixed;
  }

  push(push: Push): PushOutcome {
    const { remoteKey } = push;
    if (this.#isFixed(remoteKey))
      throw new InvalidRefError(
        `key "${remoteKey}": secret not managed by external-secrets: it is written into the SecretStore; use another remote key`,
      );
    const current = this.#values.get(remoteKey);
    const value = pushedValue(current, push);
    if (current?.equals(value) === true) return 'unchanged';
    this.#values.set(remoteKey, value);
    return current === undefined ? 'created' : 'updated';
  }

  remove(removal: Pick<Push, 'remoteKey' | 'entries'>): void {
    const current = this.#values.get(removal.remoteKey);
    const left = current === undefined ? undefined : remainingValue(current, removal);
    if (left === undefined) this.#values.delete(removal.remoteKey);
    else this.#values.set(removal.remoteKey, left);
  }
}
