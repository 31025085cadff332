/**
 * Namespaces on their way out. They are emptied in no particular order: targets, sources, credentials and stores go before the objects that
 * need them, and nothing new can be made. None of it is a failure, and nothing can be done about it: the deletion of the objects follows.
 */
import { DeniedError, NotFoundError } from '../kube/errors.ts';

/** As far as the cache knows. False where Namespaces are not watched (an operator of one namespace). */
export type IsLeaving = (namespace: string) => boolean;

/** Looked at again after this time, in milliseconds: the cache may still show an earlier namespace of the same name. */
export const LEAVING_POLL_MS = 10_000;

/** The API server makes nothing new in a namespace that terminates, or is gone. */
export function isRefusedByLeaving(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if (error instanceof DeniedError && error.details?.causes?.some(({ reason }) => reason === 'NamespaceTerminating'))
    return true;
  if (error instanceof NotFoundError && error.details?.kind === 'namespaces') return true;
  return isRefusedByLeaving(error.cause);
}
