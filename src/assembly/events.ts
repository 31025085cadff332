/**
 * The events of each kind in the words people know from the peer: reasons and components are a contract, texts are ours.
 */
import { apiVersionOf } from '../kube/types.ts';
import {
  clusterPushSecrets,
  clusterSecretStores,
  externalSecrets,
  namespaces,
  pushSecrets,
  secretStores,
  type ApiResource,
} from '../api/resources.ts';
import type { ExternalSecretEvents } from '../controllers/external-secret/deps.ts';
import type { FanOutEvents } from '../controllers/fan-out/deps.ts';
import type { PushSecretEvents } from '../controllers/push-secret/deps.ts';
import type { StoreEvents } from '../controllers/secret-store/reconcile.ts';
import type { StoreObject } from '../controllers/store-gate.ts';
import type { ObjectRef } from '../controllers/synced-object.ts';
import type { Recorder } from '../kube/events.ts';
import type { StoreKind } from '../providers/provider.ts';

export function externalSecretEvents(recorder: Recorder): ExternalSecretEvents {
  const tell = (object: ObjectRef, type: 'Normal' | 'Warning', reason: string, message: string): void => {
    const { namespace, name, uid } = object;
    recorder.event(subject(externalSecrets, { namespace, name, uid }), type, reason, message);
  };
  return {
    created: (object, name, kind = 'secret') => tell(object, 'Normal', 'Created', `${kind} "${name}" created`),
    updated: (object, name, kind = 'secret') => tell(object, 'Normal', 'Updated', `${kind} "${name}" updated`),
    deleted: (object, name, kind = 'secret') => tell(object, 'Normal', 'Deleted', `${kind} "${name}" deleted`),
    missing: (object, entries) =>
      tell(object, 'Normal', 'MissingProviderSecret', `not found at the backend, skipped: ${entries.join(', ')}`),
    collided: (object, collisions) =>
      tell(
        object,
        'Warning',
        'RewriteCollision',
        `the last one was kept where rewrite gave one name to two keys: ${collisions.join('; ')}`,
      ),
    failed: (object, message) => tell(object, 'Warning', 'UpdateFailed', message),
  };
}

export function storeEvents(recorder: Recorder, kind: StoreKind): StoreEvents {
  const resource = kind === 'SecretStore' ? secretStores : clusterSecretStores;
  const about = (store: StoreObject): ReturnType<typeof subject> => subject(resource, store.metadata);
  return {
    valid: (store, message) => recorder.event(about(store), 'Normal', 'Valid', message),
    invalid: (store, reason, message) => recorder.event(about(store), 'Warning', reason, message),
    maintenance: (store, reason, message) => recorder.event(about(store), 'Warning', reason, message),
  };
}

export function pushSecretEvents(recorder: Recorder): PushSecretEvents {
  const tell = (object: ObjectRef, type: 'Normal' | 'Warning', reason: string, message: string): void => {
    const { namespace, name, uid } = object;
    recorder.event(subject(pushSecrets, { namespace, name, uid }), type, reason, message);
  };
  return {
    synced: (object, message) => tell(object, 'Normal', 'Synced', message),
    sourceDeleted: (object, message) => tell(object, 'Normal', 'SourceDeleted', message),
    failed: (object, message) => tell(object, 'Warning', 'Errored', message),
    leftBehind: (namespace, message) =>
      recorder.event(subject(namespaces, { name: namespace, uid: '' }), 'Warning', 'PushedValuesLeft', message),
  };
}

/** A store that is being deleted says for whom it waits. */
export function storeBlocked(recorder: Recorder, kind: StoreKind, store: StoreObject, by: readonly string[]): void {
  const resource = kind === 'SecretStore' ? secretStores : clusterSecretStores;
  const more = by.length > MOST_NAMED ? ` and ${by.length - MOST_NAMED} more` : '';
  const named = by.slice(0, MOST_NAMED).join(', ');
  const message = `waits for PushSecrets with deletionPolicy Delete that clean up through it: ${named}${more}; delete them, or set their deletionPolicy to None`;
  recorder.event(subject(resource, store.metadata), 'Warning', 'DeletionBlocked', message);
}

const MOST_NAMED = 10;

export function clusterPushSecretEvents(recorder: Recorder): FanOutEvents {
  return {
    failed: ({ metadata }, message) =>
      recorder.event(subject(clusterPushSecrets, metadata), 'Warning', 'Errored', message),
  };
}

function subject(
  resource: ApiResource,
  { namespace, name, uid }: { readonly namespace?: string; readonly name: string; readonly uid: string },
): { apiVersion: string; kind: string; metadata: { namespace?: string; name: string; uid: string } } {
  const metadata = { name, uid, ...(namespace === undefined ? {} : { namespace }) };
  return { apiVersion: apiVersionOf(resource), kind: resource.kind, metadata };
}
