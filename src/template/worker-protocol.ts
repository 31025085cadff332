/** What the main thread and a rendering worker say to each other. Everything here survives structured cloning. */
import type { ErrorReason, Position } from './errors.ts';
import type { MissingKey } from './language/fields.ts';

/** Data of a render: a flat map of bytes, or nested maps for `renderValueTemplate`. */
export type JobData =
  | { readonly kind: 'flat'; readonly map: ReadonlyMap<string, Uint8Array> }
  | { readonly kind: 'nested'; readonly value: NestedData };

/** Text, bytes, or maps of them. */
export type NestedData = string | Uint8Array | { readonly [key: string]: NestedData } | ReadonlyMap<string, NestedData>;

export interface Job {
  readonly source: Uint8Array | string;
  readonly data: JobData;
  readonly name?: string;
  readonly delimiters?: { readonly left: string; readonly right: string };
  readonly showSource?: boolean;
  readonly missingKey?: MissingKey;
  readonly timeZone?: string;
  /** The time that `now` tells, in milliseconds since the epoch. */
  readonly nowMs: number;
}

export type Answer =
  | { readonly output: Uint8Array }
  | {
      readonly error: {
        readonly class: 'parse' | 'exec';
        readonly message: string;
        readonly position?: Position;
        readonly reason: ErrorReason;
      };
    };
