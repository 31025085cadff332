/**
 * What stops an ExternalSecret, said for a person: the fixed first half of its condition (scripts and alerts may match it) and the
 * cause behind it. Thrown inside a reconcile, turned into condition, event and retry in one place (`status.ts`).
 */

/** First halves of condition messages: the failing step in general terms (`behaviour.md` 1.10). */
export const STEPS = {
  spec: 'the ExternalSecret is not valid',
  fetch: 'could not get secret data from provider',
  render: 'could not apply template',
  update: 'could not update secret',
  delete: 'could not delete secret',
  orphans: 'could not delete orphaned secrets',
  immutable: 'could not update secret, target is immutable',
  owner: 'could not become owner of the target secret',
  ownedByOther: 'the target secret is owned by another ExternalSecret',
  generic: 'invalid generic target',
} as const;

export type Step = keyof typeof STEPS;

/** The same where the target is no Secret. */
const RESOURCE_STEPS: Readonly<Partial<Record<Step, string>>> = {
  render: 'could not apply template to manifest',
  update: 'could not update target resource',
  delete: 'could not delete target resource',
  owner: 'could not become owner of the target resource',
  ownedByOther: 'the target resource is owned by another ExternalSecret',
};

export interface ProblemOptions {
  readonly cause?: unknown;
  /** Trying again soon is pointless: nothing changes until the object, its target or its store does (D60). */
  readonly permanent?: boolean;
}

export class Problem extends Error {
  override readonly name = 'Problem';
  readonly step: Step;
  readonly permanent: boolean;

  /** `detail` names objects and keys, never values. */
  constructor(step: Step, detail: string, options: ProblemOptions = {}) {
    super(detail, options.cause === undefined ? undefined : { cause: options.cause });
    this.step = step;
    this.permanent = options.permanent ?? false;
  }

  /** `<fixed text>: <cause>`, as it stands in the condition and the event (D56). */
  get conditionMessage(): string {
    return `${STEPS[this.step]}: ${this.message}`;
  }

  /** The same about a target that is no Secret. */
  get resourceMessage(): string {
    return `${RESOURCE_STEPS[this.step] ?? STEPS[this.step]}: ${this.message}`;
  }
}
