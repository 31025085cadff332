/**
 * What External Secrets Operator 2.9 leaves in a cluster, byte for byte, written from `behaviour.md` 0.1, 0.2, 1, 2, 3 and 4 and from
 * nothing of ours: hashes, labels, annotations, owner references, field managers, finalizers, statuses. Pure.
 */
import { createHash } from 'node:crypto';
import type { KubeObject, Stored } from '../../src/kube/types.ts';

type Texts = Readonly<Record<string, string>>;

export const PEER = {
  managedLabel: 'reconcile.external-secrets.io/managed',
  createdByLabel: 'reconcile.external-secrets.io/created-by',
  hashAnnotation: 'reconcile.external-secrets.io/data-hash',
  externalSecretFinalizer: 'externalsecrets.external-secrets.io/externalsecret-cleanup',
  clusterExternalSecretFinalizer: 'externalsecrets.external-secrets.io/clusterexternalsecret-cleanup',
  namespaceFinalizer: (name: string) => `externalsecrets.external-secrets.io/ces-${name}`,
  pushSecretFinalizer: 'pushsecret.externalsecrets.io/finalizer',
  storeFinalizer: 'secretstore.externalsecrets.io/finalizer',
} as const;

export function peerHash(printed: string): string {
  return createHash('sha3-224').update(printed, 'utf8').digest('hex');
}

/** HASH of a Secret's data, here as plain text. */
export function peerDataHash(data: Texts): string {
  return peerHash(goMap(data, (value) => `[${[...Buffer.from(value)].join(' ')}]`));
}

/** `status.syncedResourceVersion`. */
export function peerVersion({ metadata }: KubeObject): string {
  const [annotations, labels] = [goMap(metadata.annotations ?? {}), goMap(metadata.labels ?? {})];
  return `${metadata.generation}-${peerHash(`{annotations:${annotations} labels:${labels}}`)}`;
}

function goMap(entries: Texts, print: (value: string) => string = String): string {
  const keys = Object.keys(entries).sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  return `map[${keys.map((key) => `${key}:${print(entries[key] ?? '')}`).join(' ')}]`;
}

export function peerFieldManager(name: string): string {
  const plain = `externalsecrets.external-secrets.io/${name}`;
  return plain.length <= 63 ? plain : `externalsecrets.external-secrets.io/sha3/${peerHash(name)}`;
}

/** RFC 3339 in whole seconds, as Go writes times into objects. */
export function peerTime(at: number): string {
  return new Date(at).toISOString().replace(/\.\d+Z$/, 'Z');
}

export type PeerPolicy = 'Owner' | 'Orphan' | 'Merge' | 'CreateOrMerge';

export interface PeerTarget {
  /** Plain text. */
  readonly data: Texts;
  readonly policy?: PeerPolicy;
  /** Default: the ExternalSecret's. */
  readonly name?: string;
  /** With a template: its labels and annotations, and none of the ExternalSecret's. */
  readonly template?: { readonly labels?: Texts; readonly annotations?: Texts; readonly type?: string };
}

export interface PeerSecret extends KubeObject {
  readonly type: string;
  /** Base64. */
  readonly data: Texts;
}

/** The target Secret of an ExternalSecret without foreign keys. To be created under {@link peerFieldManager}. */
export function peerTarget(es: Stored, target: PeerTarget): PeerSecret {
  const { namespace = '', name, uid } = es.metadata;
  const { policy = 'Owner', template, data } = target;
  const owned = policy === 'Owner';
  const copied = template ?? { labels: es.metadata.labels, annotations: es.metadata.annotations };
  const labels = {
    ...copied.labels,
    ...(owned ? { [PEER.createdByLabel]: peerHash(`${namespace}/${name}`) } : {}),
    [PEER.managedLabel]: 'true',
  };
  const owner = { apiVersion: 'external-secrets.io/v1', kind: 'ExternalSecret', name, uid };
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: {
      namespace,
      name: target.name ?? name,
      labels,
      annotations: { ...copied.annotations, [PEER.hashAnnotation]: peerDataHash(data) },
      ...(owned ? { ownerReferences: [{ ...owner, controller: true, blockOwnerDeletion: true }] } : {}),
    },
    type: template?.type ?? 'Opaque',
    data: base64(data),
  };
}

function base64(data: Texts): Texts {
  return Object.fromEntries(Object.entries(data).map(([key, value]) => [key, Buffer.from(value).toString('base64')]));
}

/** @param message of the Ready condition; the peer's wording is no part of the contract */
export function peerExternalSecretStatus(es: Stored, refreshedAt: number, bound: string, message = 'secret synced') {
  return {
    binding: { name: bound },
    conditions: [condition('SecretSynced', message, refreshedAt)],
    refreshTime: peerTime(refreshedAt),
    syncedResourceVersion: peerVersion(es),
  };
}

export function peerStoreStatus(at: number) {
  return { capabilities: 'ReadWrite', conditions: [condition('Valid', 'store validated', at)] };
}

/** `entries`: source key by remote key; all in the SecretStore `store`. */
export function peerPushSecretStatus(ps: Stored, refreshedAt: number, store: string, entries: Texts) {
  const synced = Object.entries(entries).map(([remoteKey, secretKey]) => [
    remoteKey,
    { conversionStrategy: 'None', match: { remoteRef: { remoteKey }, secretKey } },
  ]);
  return {
    conditions: [condition('Synced', 'PushSecret synced successfully', refreshedAt)],
    refreshTime: peerTime(refreshedAt),
    syncedPushSecrets: { [`SecretStore/${store}`]: Object.fromEntries(synced) as Record<string, object> },
    syncedResourceVersion: peerVersion(ps),
  };
}

/** The child of a ClusterExternalSecret: its finalizer is that of every ExternalSecret of the peer. */
export function peerChild(
  parent: Stored & { readonly spec: { readonly externalSecretSpec: object } },
  namespace: string,
) {
  const { name, uid } = parent.metadata;
  const owner = { apiVersion: 'external-secrets.io/v1', kind: 'ClusterExternalSecret', name, uid };
  return {
    apiVersion: 'external-secrets.io/v1',
    kind: 'ExternalSecret',
    metadata: {
      namespace,
      name,
      finalizers: [PEER.externalSecretFinalizer],
      ownerReferences: [{ ...owner, controller: true, blockOwnerDeletion: true }],
    },
    spec: parent.spec.externalSecretSpec,
  };
}

/** Its Ready condition has neither reason nor time. */
export function peerClusterExternalSecretStatus(name: string, namespaces: readonly string[]) {
  return {
    conditions: [{ type: 'Ready', status: 'True' }],
    externalSecretName: name,
    provisionedNamespaces: [...namespaces].sort(),
  };
}

function condition(reason: string, message: string, at: number) {
  return { type: 'Ready', status: 'True', reason, message, lastTransitionTime: peerTime(at) };
}
