/**
 * When the cert-controller may call itself ready (`behaviour.md` 5.1): its clients have been told, and somebody serves
 * behind the webhook's Service. Only the leader does the work, so only the leader answers for it.
 */
import type { KubeObject } from '../kube/types.ts';
import type { HealthCheck } from '../telemetry/health.ts';
import type { Injections } from './injections.ts';

export interface EndpointSlice extends KubeObject {
  readonly endpoints?: readonly {
    readonly addresses?: readonly string[];
    /** Ready when it does not say. */
    readonly conditions?: { readonly ready?: boolean };
  }[];
}

/** Whether any endpoint of the slice takes requests. */
export function hasReadyEndpoint({ endpoints }: EndpointSlice): boolean {
  return (endpoints ?? []).some(
    ({ addresses, conditions }) => (addresses ?? []).length > 0 && conditions?.ready !== false,
  );
}

export interface ReadinessOptions {
  readonly crdNames: readonly string[];
  readonly definitions: Injections;
  readonly configurations: Injections;
  readonly isLeading: () => boolean;
  /** Why nobody serves behind the Service; undefined: somebody does. */
  readonly endpointProblem: () => string | undefined;
}

export function readinessChecks(options: ReadinessOptions): readonly HealthCheck[] {
  const { isLeading, endpointProblem } = options;
  const check = (name: string, problem: () => string | undefined): HealthCheck => ({
    name,
    problem: () => (isLeading() ? (problem() ?? endpointProblem()) : undefined),
  });
  return [
    check('crd-inject', () => definitionProblem(options)),
    check('validation-webhook-inject', () => configurationProblem(options)),
  ];
}

function definitionProblem({ crdNames, definitions }: ReadinessOptions): string | undefined {
  const missing = crdNames.filter((name) => definitions.get(name)?.succeeded !== true);
  return missing.length === 0 ? undefined : `not done: ${missing.join(', ')}`;
}

function configurationProblem({ configurations }: ReadinessOptions): string | undefined {
  const done = configurations.all().some((attempt) => attempt.everSucceeded);
  return done ? undefined : 'no ValidatingWebhookConfiguration has been told about the certificates yet';
}
