/**
 * What a write is about and under which terms, parsed from the request once and passed along.
 */
import type { User } from '../cluster.ts';
import type { Kind, KindVersion } from '../kinds/kind.ts';

export type Subresource = '' | 'status' | 'finalize';

export interface Target {
  readonly kind: Kind;
  readonly version: KindVersion;
  /** '' for cluster-scoped kinds. */
  readonly namespace: string;
  /** '' when creating with generateName. */
  readonly name: string;
  readonly subresource: Subresource;
}

export interface Terms {
  /** Recorded in managedFields. */
  readonly manager: string;
  readonly dryRun: boolean;
  readonly fieldValidation: 'Strict' | 'Warn' | 'Ignore';
  /** Texts for Warning headers; appended to. */
  readonly warnings: string[];
  readonly user: User;
}
