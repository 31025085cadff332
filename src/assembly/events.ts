/**
 * The events of each kind in the words people know from the peer: reasons and components are a contract, texts are ours.
 */
import { apiVersionOf } from '../kube/types.ts';
import { clusterSecretStores, externalSecrets, secretStores, type ApiResource } from '../api/resources.ts';
import type { ExternalSecretEvents, ObjectRef } from '../controllers/external-secret/deps.ts';
import type { StoreEvents } from '../controllers/secret-store/reconcile.ts';
import type { StoreObject } from '../controllers/store-gate.ts';
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

function subject(
  resource: ApiResource,
  { namespace, name, uid }: { readonly namespace?: string; readonly name: string; readonly uid: string },
): { apiVersion: string; kind: string; metadata: { namespace?: string; name: string; uid: string } } {
  const metadata = { name, uid, ...(namespace === undefined ? {} : { namespace }) };
  return { apiVersion: apiVersionOf(resource), kind: resource.kind, metadata };
}
