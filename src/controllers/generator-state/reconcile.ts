/**
 * One pass over one GeneratorState (`behaviour.md` 4.3):
 *
 *   in use ── deadline passed ─▶ deleted ─▶ going: clean up at the backend ─▶ finalizer off ─▶ gone
 *     └─ its lease is kept alive              └─ not possible: tried again, but not for ever (docs/decisions/generator-states.md)
 */
import { generatorStates } from '../../api/resources.ts';
import type { Clock } from '../../clock.ts';
import { GeneratorError, TerminalGeneratorError, type Generators } from '../../generators/index.ts';
import { deadlineOf, STATE_FINALIZER, type StoredState } from '../../generators/states.ts';
import type { KubeClient } from '../../kube/client.ts';
import { NotFoundError } from '../../kube/errors.ts';
import type { Store } from '../../kube/store.ts';
import type { Log } from '../../log.ts';

export interface GeneratorStateEvents {
  /** What could not be cleaned up, and why nobody waits for it any longer. */
  leftBehind(state: StoredState, message: string): void;
  /** The same while its namespace goes: in it no event can be made any more. */
  leftByNamespace(state: StoredState, message: string): void;
}

export interface GeneratorStateDeps {
  readonly client: KubeClient;
  readonly clock: Clock;
  readonly log: Log;
  readonly states: Pick<Store<StoredState>, 'get'>;
  readonly generators: Pick<Generators, 'leaseOf' | 'leases'>;
  readonly isTerminating: (namespace: string, signal: AbortSignal) => Promise<boolean>;
  readonly events: GeneratorStateEvents;
}

/** A deletion waits no longer than this for a backend, counted from when it was asked for. */
export const PATIENCE_MS = 60 * 60_000;
/** Real time for one attempt; the shorter one where a namespace waits for it (D6). */
const ATTEMPT_MS = 30_000;
const HURRIED_ATTEMPT_MS = 3000;

/** @throws what stops the clean-up, to be tried again */
export async function reconcileState(
  deps: GeneratorStateDeps,
  key: string,
  signal: AbortSignal,
): Promise<{ readonly requeueAfterMs?: number }> {
  const state = deps.states.get(key);
  if (state === undefined) return {};
  if (state.metadata.deletionTimestamp !== undefined) return finish(deps, state, signal);
  if (!hasFinalizer(state)) await addFinalizer(deps, state, signal);
  const deadline = deadlineOf(state);
  const leftMs = deadline === undefined ? undefined : deadline - deps.clock.now();
  if (leftMs !== undefined && leftMs <= 0) return expire(deps, state, signal);
  await keepAlive(deps, state);
  return leftMs === undefined ? {} : { requeueAfterMs: leftMs };
}

/** Its time is over. What this build cannot clean up is not deleted by us: another operator, or a person, still can. */
async function expire(deps: GeneratorStateDeps, state: StoredState, signal: AbortSignal): Promise<object> {
  const { namespace, name, uid } = state.metadata;
  if (await isBeyondUs(deps, state)) {
    deps.events.leftBehind(
      state,
      'its deadline has passed and this build cannot clean it up; it is kept for an operator that can',
    );
    return {};
  }
  await deps.client
    .delete(generatorStates, { namespace, name }, { preconditions: { uid }, signal })
    .catch(ignoreNotFound);
  return {};
}

async function isBeyondUs({ generators }: GeneratorStateDeps, state: StoredState): Promise<boolean> {
  try {
    await generators.leaseOf(state);
    return false;
  } catch (error) {
    return error instanceof TerminalGeneratorError;
  }
}

/** After a restart the lease is nobody's until somebody looks at its state. */
async function keepAlive({ generators, log }: GeneratorStateDeps, state: StoredState): Promise<void> {
  const { namespace, name } = state.metadata;
  try {
    const lease = await generators.leaseOf(state);
    if (!generators.leases.has(lease.id)) generators.leases.hold(lease, { generatorState: `${namespace}/${name}` });
  } catch (error) {
    log.info({ namespace, name, error }, 'a GeneratorState is not kept alive by this operator');
  }
}

async function finish(deps: GeneratorStateDeps, state: StoredState, signal: AbortSignal): Promise<object> {
  if (!hasFinalizer(state)) return {};
  const isTerminating = await deps.isTerminating(state.metadata.namespace ?? '', signal);
  const problem = await cleanUp(deps, state, isTerminating ? HURRIED_ATTEMPT_MS : ATTEMPT_MS, signal);
  if (problem !== undefined) {
    const why = isTerminating ? 'the namespace is being deleted' : whyToLetGo(deps, state, problem);
    if (why === undefined) throw problem;
    const message = `${why}; what the generator made stays at its backend until it ends there: ${problem.message}`;
    if (isTerminating) deps.events.leftByNamespace(state, message);
    else deps.events.leftBehind(state, message);
  }
  await removeFinalizer(deps, state, signal);
  return {};
}

/** @returns what went wrong; undefined when nothing is left at the backend */
async function cleanUp(
  { generators }: GeneratorStateDeps,
  state: StoredState,
  withinMs: number,
  signal: AbortSignal,
): Promise<Error | undefined> {
  try {
    const lease = await generators.leaseOf(state);
    await lease.revoke(AbortSignal.any([signal, AbortSignal.timeout(withinMs)]));
    generators.leases.forget(lease.id);
    return undefined;
  } catch (error) {
    signal.throwIfAborted();
    return error instanceof Error ? error : new Error('unknown error');
  }
}

/** Undefined: it is worth waiting. */
function whyToLetGo({ clock }: GeneratorStateDeps, state: StoredState, problem: Error): string | undefined {
  if (problem instanceof GeneratorError) return 'it cannot be cleaned up by this build';
  const askedAt = Date.parse(state.metadata.deletionTimestamp ?? '');
  return clock.now() - askedAt >= PATIENCE_MS ? 'it could not be cleaned up for an hour' : undefined;
}

function hasFinalizer({ metadata }: StoredState): boolean {
  return metadata.finalizers?.includes(STATE_FINALIZER) === true;
}

async function addFinalizer(deps: GeneratorStateDeps, state: StoredState, signal: AbortSignal): Promise<void> {
  await writeFinalizers(deps, state, [...(state.metadata.finalizers ?? []), STATE_FINALIZER], signal);
}

async function removeFinalizer(deps: GeneratorStateDeps, state: StoredState, signal: AbortSignal): Promise<void> {
  const others = (state.metadata.finalizers ?? []).filter((finalizer) => finalizer !== STATE_FINALIZER);
  await writeFinalizers(deps, state, others, signal);
}

async function writeFinalizers(
  { client }: GeneratorStateDeps,
  { metadata }: StoredState,
  finalizers: readonly string[],
  signal: AbortSignal,
): Promise<void> {
  const { namespace, name, resourceVersion } = metadata;
  const patch = { metadata: { finalizers, resourceVersion } };
  await client.patch(generatorStates, { namespace, name }, patch, { signal }).catch(ignoreNotFound);
}

function ignoreNotFound(error: unknown): void {
  if (!(error instanceof NotFoundError)) throw error;
}
