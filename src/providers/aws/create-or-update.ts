/**
 * What a push to either service carries through its calls, and the order in which it looks, makes and changes. A policy that goes by tags
 * cannot grant what is not there (Q15), so that a denied look alone does not say that nothing can be made.
 */
import type { SecretValue } from '../../secret-value.ts';
import { PermissionDeniedError, ProviderError, SecretNotFoundError } from '../errors.ts';
import type { PushOutcome } from '../provider.ts';

/** For one push: which key it is about (prefix included), what must not come back in errors, until when. */
export interface PushCall {
  readonly key: string;
  readonly pushed: readonly SecretValue[];
  readonly signal: AbortSignal;
}

export interface Steps<There> {
  /** Undefined: it does not exist. */
  look(): Promise<There | undefined>;
  /** `isUnseen`: we may not look, so it may exist. Must then fail with `takenCode` when it does. */
  create(isUnseen: boolean): Promise<PushOutcome>;
  update(there: There): Promise<PushOutcome>;
  readonly createAction: string;
  /** AWS's code for "exists already". */
  readonly takenCode: string;
}

/** @throws ProviderError; what exists and may not be looked at gives the denial of the look */
export async function createOrUpdate<There extends object>(
  steps: Steps<There>,
  isSecondTry = false,
): Promise<PushOutcome> {
  const there = await unlessDenied(() => steps.look());
  if (there !== undefined && !(there instanceof PermissionDeniedError)) return steps.update(there);
  try {
    return await steps.create(there !== undefined);
  } catch (error) {
    if (there !== undefined && error instanceof PermissionDeniedError) throw deniedBoth(there, steps.createAction);
    if (!(error instanceof ProviderError && error.code === steps.takenCode)) throw error;
    // It exists after all: either we may not see it, or somebody made it at this moment.
    if (there !== undefined || isSecondTry) throw there ?? error;
    return createOrUpdate(steps, true);
  }
}

/** Undefined when AWS says that it does not exist. */
export async function unlessMissing<T>(call: () => Promise<T>): Promise<T | undefined> {
  try {
    return await call();
  } catch (error) {
    if (error instanceof SecretNotFoundError) return undefined;
    throw error;
  }
}

async function unlessDenied<T>(call: () => Promise<T>): Promise<T | PermissionDeniedError> {
  try {
    return await call();
  } catch (error) {
    if (error instanceof PermissionDeniedError) return error;
    throw error;
  }
}

function deniedBoth(look: PermissionDeniedError, createAction: string): PermissionDeniedError {
  const { message, code } = look;
  return new PermissionDeniedError(`${message}; ${createAction} is denied as well`, { code, cause: look });
}
