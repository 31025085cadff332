/**
 * What a test broke, and what was called.
 */
import { expiredToken, type Principal } from './identities.ts';
import { allows, type PolicyDocument } from './iam.ts';
import { AwsFault, type Json, type Service } from './wire.ts';

/** A function refuses the request as not valid, in the words that it makes of it. */
export type FaultKind = 'deny' | 'throttle' | 'unavailable' | 'expired-token' | ((this: void, request: Json) => string);

interface Rule {
  readonly action: string;
  readonly kind: FaultKind;
  readonly match: string | undefined;
}

/** Somebody wants to do something with something. */
export interface Attempt {
  readonly service: Service;
  readonly action: string;
  readonly principal: Principal | undefined;
  /** ARN or name; empty: none in particular. */
  readonly resource: string;
  /** The request's input; empty for one item of a batch. */
  readonly request: Json;
  /** Those the resource carries; undefined when it is not there. */
  readonly tags?: ReadonlyMap<string, string> | undefined;
}

export class Faults {
  #rules: Rule[] = [];
  readonly #policies = new Map<string, readonly PolicyDocument[]>();
  readonly #calls = new Map<string, number>();

  add(action: string, kind: FaultKind, match: string | undefined): void {
    this.#rules.push({ action, kind, match });
  }

  /** From now on the identity may do only what these policies allow. Undefined: everything. */
  restrict(arn: string, policies: readonly PolicyDocument[] | undefined): void {
    if (policies === undefined) this.#policies.delete(arn);
    else this.#policies.set(arn, policies);
  }

  heal(): void {
    this.#rules = [];
  }

  count(action: string): void {
    this.#calls.set(action, (this.#calls.get(action) ?? 0) + 1);
  }

  calls(): ReadonlyMap<string, number> {
    return new Map(this.#calls);
  }

  resetCalls(): void {
    this.#calls.clear();
  }

  /** Fails when a rule forbids what is attempted. @throws AwsFault */
  check(attempt: Attempt): void {
    const { service, action, principal, resource } = attempt;
    const policies = this.#policies.get(principal?.role ?? principal?.arn ?? '');
    if (policies !== undefined && service !== 'sts' && !allows(policies, attempt))
      throw denied(service, action, principal?.arn ?? '', resource);
    const rule = this.#rules.find(({ action, match }) => action === attempt.action && matches(match, attempt));
    if (rule !== undefined) throw faultOf(rule.kind, attempt);
  }
}

/** A rule without `match` is for all; else the resource, the request or the caller must contain that text. */
function matches(match: string | undefined, { resource, request, principal }: Attempt): boolean {
  if (match === undefined) return true;
  return [resource, JSON.stringify(request), principal?.arn ?? ''].some((text) => text.includes(match));
}

function faultOf(kind: FaultKind, { service, action, principal, resource, request }: Attempt): AwsFault {
  if (typeof kind === 'function') return new AwsFault('ValidationException', kind(request));
  switch (kind) {
    case 'deny':
      return denied(service, action, principal?.arn ?? 'anonymous', resource);
    case 'throttle':
      return new AwsFault(service === 'sts' ? 'Throttling' : 'ThrottlingException', 'Rate exceeded');
    case 'unavailable':
      return new AwsFault(
        service === 'secretsmanager' ? 'InternalServiceError' : 'InternalFailure',
        'An error occurred on the server side.',
        500,
      );
    case 'expired-token':
      break;
  }
  return expiredToken(service);
}

export function denied(service: Service, action: string, caller: string, resource: string): AwsFault {
  const on = resource === '' ? '' : ` on resource: ${resource}`;
  const message = `User: ${caller} is not authorized to perform: ${service}:${action}${on} because no identity-based policy allows the ${service}:${action} action`;
  return service === 'sts'
    ? new AwsFault('AccessDenied', message, 403)
    : new AwsFault('AccessDeniedException', message);
}
