/**
 * What the operator said last about an object: its Ready condition, and the event with the time of the next attempt. The backend is not
 * asked: only the operator is sure to reach it, with the right identity.
 */
import { events } from '../../api/resources.ts';
import type { KubeClient } from '../../kube/client.ts';
import type { KubeObject, Stored } from '../../kube/types.ts';
import { listAll } from '../list-all.ts';
import { attempt } from './look.ts';
import { fail, lasting, ok, type Step } from './step.ts';

export interface Conditioned extends KubeObject {
  readonly status?:
    | {
        readonly conditions?:
          | readonly {
              readonly type: string;
              readonly status: string;
              readonly reason?: string | undefined;
              readonly message?: string | undefined;
              readonly lastTransitionTime?: string | undefined;
            }[]
          | undefined;
      }
    | undefined;
}

interface CoreEvent extends KubeObject {
  readonly message?: string;
  readonly lastTimestamp?: string;
}

/** Text of the last Warning about the object; undefined when there is none or events may not be read. */
export async function lastWarning(client: KubeClient, { metadata }: Stored): Promise<string | undefined> {
  const { namespace = 'default', uid } = metadata;
  const fieldSelector = `involvedObject.uid=${uid},type=Warning`;
  const seen = await attempt(() => listAll<CoreEvent>(client, events, { namespace, fieldSelector }));
  return seen.state === 'found' ? seen.object.toSorted((a, b) => timeOf(a) - timeOf(b)).at(-1)?.message : undefined;
}

function timeOf({ lastTimestamp, metadata }: CoreEvent): number {
  return Date.parse(lastTimestamp ?? metadata.creationTimestamp ?? '') || 0;
}

/** What was made in this moment was not looked at yet. */
const NEW_MS = 15_000;

/** `now` in epoch ms. */
export function lastPassStep(object: Conditioned, warning: string | undefined, now: number): Step {
  const what = 'backend, as the operator last saw it';
  const ready = object.status?.conditions?.find(({ type }) => type === 'Ready');
  if (ready === undefined) return untouched(what, object, now);
  const since = lasting(now - (Date.parse(ready.lastTransitionTime ?? '') || now));
  const said = `${ready.reason ?? ''} for ${since}: ${ready.message ?? ''}`;
  if (ready.status === 'True') return ok(what, said);
  const attempt = /next attempt in \d+ s$/.exec(warning ?? '')?.[0];
  return fail(
    what,
    attempt === undefined ? said : `${said} (its last event: ${attempt})`,
    'correct what this names; it is tried again by itself, and at once when the annotation force-sync is changed',
  );
}

/** Why an object is not in order by its condition, without times, so that those with one cause say the same; undefined when it is. */
export function complaintOf({ status, metadata }: Conditioned, now: number): string | undefined {
  const ready = status?.conditions?.find(({ type }) => type === 'Ready');
  if (ready?.status === 'True') return undefined;
  if (ready !== undefined) return `${ready.reason ?? 'unknown reason'}: ${ready.message ?? ''}`;
  const isNew = now - (Date.parse(metadata.creationTimestamp ?? '') || now) < NEW_MS;
  return isNew ? undefined : 'no operator has looked at it';
}

function untouched(what: string, { metadata }: Conditioned, now: number): Step {
  const age = now - (Date.parse(metadata.creationTimestamp ?? '') || now);
  if (age < NEW_MS) return ok(what, `not asked yet, the object is ${lasting(age)} old`);
  return fail(
    what,
    `no operator has looked at this object, which is ${lasting(age)} old`,
    'see whether an operator runs that serves this namespace (--namespace) and the class of its stores (--controller-class)',
  );
}
