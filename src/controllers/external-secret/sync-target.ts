/**
 * What an ExternalSecret writes to, as a pass sees it: a Secret, or an object of another kind. The order of the steps is the same for
 * both and stands in `reconcile.ts`.
 */
import type { Fetched } from './fetch.ts';
import type { ReadyState } from './status.ts';

export interface SyncTarget {
  /** It still carries an owner reference that the creation policy no longer wants (D59). */
  readonly mustRelease: boolean;
  /** Gives up ownership without touching data. */
  release(): Promise<void>;
  /** Whether it is still what was written last. */
  isInStep(): Promise<boolean>;
  /** Deletes, keeps or writes it, as the policies say for what came back. @throws Problem */
  bring(fetched: Fetched): Promise<ReadyState>;
}
