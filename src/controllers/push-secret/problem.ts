/**
 * What stops a PushSecret, said for a person: the text of its condition. Thrown inside a pass, turned into condition, event and retry
 * in one place (`report.ts`).
 */
export interface ProblemOptions {
  readonly cause?: unknown;
  /** Trying again soon is pointless: nothing changes until the PushSecret, its source or its store does. All three are watched. */
  readonly permanent?: boolean;
}

export class PushProblem extends Error {
  override readonly name = 'PushProblem';
  readonly permanent: boolean;

  /** `message` names objects and keys, never values. */
  constructor(message: string, options: ProblemOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.permanent = options.permanent ?? false;
  }
}
