/**
 * The generator contract: what makes values instead of fetching them. A generator is given what a provider's session is given (no
 * Kubernetes client, no environment, no log) and answers with values, and with a lease when it made something at a backend that must
 * be taken away later.
 *
 *   declaration (index.ts, light)    kind and schema
 *   module      (lazy)               generates, and picks up leases after a restart
 *   lease       (one per credential) kept alive until what it belongs to was replaced
 */
import type { ZodType } from 'zod';
import type { NamespacedGeneratorKind } from '../api/generators/schemas.ts';
import type { SessionContext } from '../providers/provider.ts';
import type { SecretValue } from '../secret-value.ts';

/**
 * A generator's surroundings. `store` names the generator as if it were a SecretStore of the consumer's namespace, so that every
 * reference is resolved there and nowhere else, also for a ClusterGenerator.
 */
export type GeneratorContext = Omit<SessionContext<never>, 'spec' | 'retry'>;

export interface Generated {
  readonly values: ReadonlyMap<string, SecretValue>;
  /** Absent: nothing has to be cleaned up. */
  readonly lease?: Lease;
}

/** Something a backend keeps for us until we give it back. */
export interface Lease {
  /** Also a member of {@link state}. */
  readonly id: string;
  /** What a later process needs to take it away: names and times, never a value (D34). Becomes `spec.state` of a GeneratorState. */
  readonly state: Readonly<Record<string, unknown>>;
  /** Milliseconds from now; undefined when there is nothing (more) to renew. */
  renewInMs(): number | undefined;
  /** Renews what is due. @throws ProviderError: try again later, while {@link renewInMs} says so */
  renew(signal: AbortSignal): Promise<void>;
  /** Takes it away. What is gone already is success. @throws ProviderError */
  revoke(signal: AbortSignal): Promise<void>;
  /** Lets go of connections and leaves everything at the backend as it is. Never throws. */
  drop(): Promise<void>;
}

export interface GeneratorModule<Spec = unknown> {
  /** @throws ProviderError, GeneratorError */
  generate(spec: Spec, context: GeneratorContext): Promise<Generated>;
  /**
   * The lease that a {@link Lease.state} tells of, made by an earlier process. Asks nobody yet. `contextFor` gives surroundings for one
   * call. Absent: this generator gives no leases. @throws GeneratorError when the state is not one of ours
   */
  readonly restore?: (spec: Spec, state: unknown, contextFor: (signal: AbortSignal) => GeneratorContext) => Lease;
}

/** One line of the registry. */
export interface GeneratorDeclaration<Spec = unknown> {
  readonly kind: NamespacedGeneratorKind;
  readonly spec: ZodType<Spec>;
  load(): Promise<GeneratorModule<Spec>>;
}
