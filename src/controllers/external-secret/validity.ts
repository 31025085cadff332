/**
 * Is the target still what was written last? Answered from the cached metadata wherever that proves it; only otherwise is
 * the body read (D51). Pure.
 */
import type { CreationPolicy } from './build-target.ts';
import type { TargetView } from './target-view.ts';

/** What we remember of a target since we last wrote it or looked at its body. */
export interface TargetRecord {
  readonly uid: string;
  readonly dataHash: string;
  readonly dataWriters: string;
  readonly metaPrint: string;
  /** Fingerprint of the whole content, for kinds whose data hash does not cover it. */
  readonly content?: string;
}

export type Validity = 'valid' | 'invalid' | 'unknown';

export function targetValidity(
  policy: CreationPolicy,
  view: TargetView | undefined,
  record: TargetRecord | undefined,
): Validity {
  // None writes nothing, so there is nothing to be valid (D60: it must not fetch at every event); Orphan is never repaired.
  if (policy === 'Orphan' || policy === 'None') return 'valid';
  // A Merge target that is missing is its owner's business: its creation wakes us.
  if (view === undefined) return policy === 'Merge' ? 'valid' : 'invalid';
  if (!view.managed || view.dataHash === undefined) return 'invalid';
  if (record?.uid === view.uid) {
    if (view.dataHash !== record.dataHash) return 'invalid';
    return view.dataWriters === record.dataWriters ? 'valid' : 'unknown';
  }
  return view.foreignDataWrite ? 'unknown' : 'valid';
}
