/**
 * Takes away at the backends what a PushSecret has put there and no longer wants (`behaviour.md` 3.6). What somebody else counts on stays,
 * and so does what the provider finds to be another's.
 */
import type { PushSecretData } from '../../api/push-secret.ts';
import type { Session } from '../../providers/pool.ts';
import { messageOf } from '../failure.ts';
import { isClaimedByOthers } from './claims.ts';
import type { Deps } from './deps.ts';
import type { Gathered } from './gather.ts';
import { metadataSpec } from './metadata.ts';
import { statusEntryKey, storeRefOfStatusKey } from './names.ts';
import { PushProblem } from './problem.ts';
import { decisive, type Failure } from './push.ts';
import { filtered, type Synced } from './synced-entries.ts';

export interface Removed {
  /** What could not be removed: it must stay known. */
  readonly left: Synced;
  readonly failures: readonly Failure[];
}

type Removal = Pick<Gathered, 'ps' | 'namespace'>;

/** What is cut short by the signal counts as failed: the caller decides what that means. */
export async function removeAll(deps: Deps, from: Removal, entries: Synced, signal: AbortSignal): Promise<Removed> {
  const results = await Promise.all(
    Object.entries(entries).map(([store, ofStore]) => removeFromStore(deps, from, store, ofStore, signal)),
  );
  const failures = results.flat();
  const failed = new Set(failures.map(({ store, remoteKey }) => `${store}\n${remoteKey ?? ''}`));
  const left = filtered(
    entries,
    (store, _key, { match }) => failed.has(`${store}\n`) || failed.has(`${store}\n${match.remoteRef.remoteKey}`),
  );
  return { left, failures };
}

async function removeFromStore(
  deps: Deps,
  from: Removal,
  store: string,
  entries: Readonly<Record<string, PushSecretData>>,
  signal: AbortSignal,
): Promise<readonly Failure[]> {
  const ref = storeRefOfStatusKey(store);
  const unclaimed = Object.values(entries).filter(
    ({ match }) => !isClaimedByOthers(deps, from.ps, { store: ref, ...match.remoteRef }),
  );
  if (unclaimed.length === 0) return [];
  let session: Session;
  try {
    session = await deps.gate.open(ref, from.namespace, signal);
  } catch (error) {
    return [{ store, remoteKey: undefined, error }];
  }
  try {
    const byKey = Map.groupBy(unclaimed, ({ match }) => match.remoteRef.remoteKey);
    const results = await Promise.all(
      [...byKey].map(([remoteKey, alike]) => removeKey(session, store, remoteKey, alike, signal)),
    );
    return results.filter((failure) => failure !== undefined);
  } finally {
    session.release();
  }
}

async function removeKey(
  session: Session,
  store: string,
  remoteKey: string,
  entries: readonly PushSecretData[],
  signal: AbortSignal,
): Promise<Failure | undefined> {
  const { client, reader } = session;
  try {
    if (client.remove === undefined) throw new PushProblem('its provider cannot remove anything');
    const removal = { remoteKey, entries: entries.map(removalEntry) };
    await reader.change(
      (ended) => client.remove!(removal, ended),
      () => true,
      { signal },
    );
    return undefined;
  } catch (error) {
    return { store, remoteKey, error };
  }
}

function removalEntry({ match, metadata }: PushSecretData): {
  secretKey: string | undefined;
  property: string | undefined;
  readonly metadata: unknown;
} {
  const { remoteKey, property } = match.remoteRef;
  const where = statusEntryKey(remoteKey, property);
  return {
    secretKey: match.secretKey === '' ? undefined : match.secretKey,
    property: property === '' ? undefined : property,
    get metadata() {
      return metadataSpec(metadata, where);
    },
  };
}

const TO_LET_GO = 'to leave it there, set spec.deletionPolicy to None';

/** @returns one problem that names what is left where; its cause decides about the retry. */
export function removalProblem(failures: readonly Failure[]): PushProblem {
  const lines = failures.map(({ store, remoteKey, error }) => {
    return `${store}${remoteKey === undefined ? '' : ` (remote key "${remoteKey}")`}: ${messageOf(error)}`;
  });
  const text = [...new Set(lines)].sort().join('; ');
  return new PushProblem(`could not remove what was pushed: ${text}; ${TO_LET_GO}`, {
    cause: decisive(failures.map(({ error }) => error)),
  });
}
