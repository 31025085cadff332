/**
 * The cache lags behind our own writes for a moment: what we wrote last counts until it has caught up. Only the status is kept: the
 * API server's whole answer, with its managed fields, is larger than the cached object.
 */
import type { Stored } from '../kube/types.ts';

export interface WrittenStatus<S> {
  readonly resourceVersion: string;
  readonly status: S | undefined;
}

interface Remembering<S> {
  /** The status as we last wrote it, until the cache has caught up. */
  written: WrittenStatus<S> | undefined;
}

type Versioned = Pick<Stored, 'metadata'>;

/** `stored`: what the API server answered; undefined when nothing was written. `cached`: what the cache holds by now. */
export function rememberWritten<S>(
  record: Remembering<S>,
  stored: (Versioned & { readonly status?: S | undefined }) | undefined,
  cached: Versioned | undefined,
): void {
  record.written = stored && { resourceVersion: stored.metadata.resourceVersion, status: stored.status };
  if (cached !== undefined) forgetWritten(record, cached);
}

/** To be called with what the cache holds: once that is what we wrote, or newer, there is no need to remember it. */
export function forgetWritten<S>(record: Remembering<S>, { metadata }: Versioned): void {
  const { written } = record;
  if (written !== undefined && isAtLeast(metadata.resourceVersion, written.resourceVersion)) record.written = undefined;
}

export function latestStatus<S>(
  cached: Versioned & { readonly status?: S | undefined },
  record: Remembering<S>,
): S | undefined {
  forgetWritten(record, cached);
  return record.written === undefined ? cached.status : record.written.status;
}

/** Resource versions are whole numbers without leading zeros, too large for a double. */
function isAtLeast(version: string, other: string): boolean {
  return version.length === other.length ? version >= other : version.length > other.length;
}
