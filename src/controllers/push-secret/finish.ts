/**
 * The PushSecret is being deleted: what it pushed goes first, if that was asked for (`behaviour.md` 3.6). A namespace that terminates is
 * not held up: one attempt of a few seconds, then we let go and say what stays (D6).
 */
import type { Clock } from '../../clock.ts';
import type { Deps } from './deps.ts';
import { hasFinalizer, setFinalizer } from './finalizer.ts';
import type { Gathered } from './gather.ts';
import { removalProblem, removeAll } from './remove.ts';
import type { Progress } from './report.ts';
import { describe, isEmpty, type Synced } from './synced-entries.ts';

/** How long a clean-up may keep a namespace from going. */
const TERMINATING_MS = 3_000;

export async function finish(deps: Deps, gathered: Gathered, progress: Progress, signal: AbortSignal): Promise<void> {
  const { ps, namespace } = gathered;
  if (!hasFinalizer(ps)) return;
  // The cache may show the object for a moment after its finalizer is off, and a namespace has one attempt only.
  if (gathered.cleansUp && !gathered.record.letGo && !isEmpty(progress.synced)) {
    if (await deps.isTerminating(namespace, signal)) await cleanUpQuickly(deps, gathered, progress, signal);
    else await cleanUp(deps, gathered, progress, signal);
  }
  gathered.record.letGo = true;
  await setFinalizer(deps.client, ps, false, signal);
}

async function cleanUp(deps: Deps, gathered: Gathered, progress: Progress, signal: AbortSignal): Promise<void> {
  const { left, failures } = await removeAll(deps, gathered, progress.synced, signal);
  signal.throwIfAborted();
  progress.synced = left;
  if (failures.length > 0) throw removalProblem(failures);
}

async function cleanUpQuickly(deps: Deps, gathered: Gathered, progress: Progress, signal: AbortSignal): Promise<void> {
  const all = progress.synced;
  const removal = async (bounded: AbortSignal): Promise<Synced> => (await removeAll(deps, gathered, all, bounded)).left;
  const left = await within(deps.clock, TERMINATING_MS, signal, removal, all);
  if (isEmpty(left)) return;
  const { name, namespace } = gathered.object;
  const message = `namespace "${namespace}" goes, and what PushSecret "${name}" pushed could not be removed; it stays in ${describe(left)}`;
  deps.log.warn({ namespace, name, left: describe(left) }, 'pushed values stay in the backend: their namespace goes');
  deps.events.leftBehind(namespace, message);
}

/** The result of `work`, or `otherwise` when it is not there in time, whatever `work` makes of its signal. */
async function within<T>(
  clock: Clock,
  ms: number,
  signal: AbortSignal,
  work: (signal: AbortSignal) => Promise<T>,
  otherwise: T,
): Promise<T> {
  const late = new AbortController();
  const over = Promise.withResolvers<T>();
  const timer = clock.setTimer(ms, () => {
    late.abort(new DOMException('took too long', 'TimeoutError'));
    over.resolve(otherwise);
  });
  try {
    return await Promise.race([work(AbortSignal.any([signal, late.signal])), over.promise]);
  } finally {
    timer.cancel();
    signal.throwIfAborted();
  }
}
