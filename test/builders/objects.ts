/**
 * Small makers of objects for tests. A call shows only what its case is about; everything else is what a person would
 * leave out too, so that the API server's defaults apply.
 *
 *     externalSecret('shop', 'db', from('sm'), entry('password', 'shop/db', 'pass'), refreshEvery('1h'))
 */
import type { z } from 'zod';
import type { clusterExternalSecretSpec } from '../../src/api/cluster-external-secret.ts';
import type { externalSecretDataFrom, externalSecretData } from '../../src/api/external-secret-data.ts';
import type { externalSecretSpec } from '../../src/api/external-secret.ts';
import type { pushSecretSpec } from '../../src/api/push-secret.ts';
import {
  clusterExternalSecrets,
  clusterPushSecrets,
  clusterSecretStores,
  configMaps,
  externalSecrets,
  pushSecrets,
  GENERATORS_GROUP,
  secretStores,
  secrets,
  serviceAccounts,
} from '../../src/api/resources.ts';
import type { KubeObject, ObjectMeta, Resource } from '../../src/kube/types.ts';
import { apiVersionOf } from '../../src/kube/types.ts';

type Texts = Readonly<Record<string, string>>;
type StoreKind = 'SecretStore' | 'ClusterSecretStore';
/** As a person writes it: what has a default may be missing. */
export type ExternalSecretSpecInput = z.input<typeof externalSecretSpec>;
export type PushSecretSpecInput = z.input<typeof pushSecretSpec>;
type EntryInput = z.input<typeof externalSecretData>;
type SourceInput = z.input<typeof externalSecretDataFrom>;
type FindInput = NonNullable<SourceInput['find']>;
type GeneratorKind = NonNullable<NonNullable<SourceInput['sourceRef']>['generatorRef']>['kind'];
type ClusterPart = Omit<z.input<typeof clusterExternalSecretSpec>, 'externalSecretSpec'>;
type TargetInput = NonNullable<ExternalSecretSpecInput['target']>;

/** Changes a spec that is being made. */
export type Part<Spec> = (spec: Spec) => Spec;
export type Manifest<Spec> = KubeObject & { readonly spec: Spec };
type ExternalSecretPart = Part<ExternalSecretSpecInput>;

function object<T extends object>(resource: Resource, metadata: ObjectMeta, rest: T): KubeObject & T {
  return { apiVersion: apiVersionOf(resource), kind: resource.kind, metadata, ...rest };
}

// ---- objects of Kubernetes itself

/** `data` as plain text; bytes where text will not do. */
export function secret(namespace: string, name: string, data: Readonly<Record<string, string | Uint8Array>>) {
  const base64 = Object.entries(data).map(([key, value]) => [key, Buffer.from(value).toString('base64')]);
  const encoded = Object.fromEntries(base64) as Texts;
  return object(secrets, { namespace, name }, { type: 'Opaque', data: encoded });
}

export function configMap(namespace: string, name: string, data: Texts) {
  return object(configMaps, { namespace, name }, { data });
}

export function serviceAccount(namespace: string, name: string, annotations: Texts = {}) {
  return object(serviceAccounts, { namespace, name, annotations }, {});
}

// ---- any object

export function labelled<T extends KubeObject>(labels: Texts, of: T): T {
  return { ...of, metadata: { ...of.metadata, labels: { ...of.metadata.labels, ...labels } } };
}

export function annotated<T extends KubeObject>(annotations: Texts, of: T): T {
  return { ...of, metadata: { ...of.metadata, annotations: { ...of.metadata.annotations, ...annotations } } };
}

// ---- ExternalSecret

export function externalSecret(namespace: string, name: string, ...parts: readonly ExternalSecretPart[]) {
  return object(externalSecrets, { namespace, name }, { spec: built<ExternalSecretSpecInput>({}, parts) });
}

/** The SecretStore that all entries use. */
export const from =
  (name: string, kind: StoreKind = 'SecretStore'): ExternalSecretPart =>
  (spec) => ({ ...spec, secretStoreRef: { name, kind } });

/** One value: `key` of the backend, or one `property` of it, becomes `secretKey`. `more` adds fields of `remoteRef`. */
export const entry =
  (
    secretKey: string,
    key: string,
    property?: string,
    more: Partial<EntryInput['remoteRef']> = {},
  ): ExternalSecretPart =>
  (spec) => {
    const remoteRef = { key, ...(property === undefined ? {} : { property }), ...more };
    return { ...spec, data: [...(spec.data ?? []), { secretKey, remoteRef }] };
  };

/** All members of one JSON value. */
export const extract = (key: string, more: Partial<SourceInput> = {}): ExternalSecretPart =>
  source({ extract: { key }, ...more });

/** Many values by name or tags. */
export const find = (what: FindInput, more: Partial<SourceInput> = {}): ExternalSecretPart =>
  source({ find: what, ...more });

/** Any other entry of `dataFrom`, e.g. a generator. */
export const source =
  (entry: SourceInput): ExternalSecretPart =>
  (spec) => ({ ...spec, dataFrom: [...(spec.dataFrom ?? []), entry] });

/** `0` fetches once. */
export const refreshEvery =
  (refreshInterval: string): ExternalSecretPart =>
  (spec) => ({ ...spec, refreshInterval });

/** Fields of `target`, e.g. `{ creationPolicy: 'Merge' }`. */
export const into =
  (target: TargetInput): ExternalSecretPart =>
  (spec) => ({ ...spec, target: { ...spec.target, ...target } });

/** `target.template`. */
export const templated = (template: NonNullable<TargetInput['template']>): ExternalSecretPart => into({ template });

/** The same ExternalSecret in many namespaces: those that match `where`, e.g. `{ namespaceSelectors: [{ matchLabels }] }`. */
export function clusterExternalSecret(name: string, where: ClusterPart, ...parts: readonly ExternalSecretPart[]) {
  const externalSecretSpec = built<ExternalSecretSpecInput>({}, parts);
  return object(clusterExternalSecrets, { name }, { spec: { ...where, externalSecretSpec } });
}

// ---- generators

/** A generator of any kind, e.g. `generator(passwords, 'shop', 'long', { length: 40 })`. */
export function generator(resource: Resource, namespace: string, name: string, spec: Provider) {
  return object(resource, { namespace, name }, { spec });
}

/** All that a generator of the namespace makes; `kind` e.g. `Password`. */
export const generatedBy = (kind: GeneratorKind, name: string): ExternalSecretPart => {
  const generatorRef = { apiVersion: `${GENERATORS_GROUP}/v1alpha1`, kind, name };
  return source({ sourceRef: { generatorRef } });
};

// ---- stores

export type Provider = Readonly<Record<string, unknown>>;

export function secretStore(namespace: string, name: string, provider: Provider, more: Provider = {}) {
  return object(secretStores, { namespace, name }, { spec: { provider, ...more } });
}

/** `more` holds other fields of the spec, e.g. `{ conditions: [{ namespaces: ['blue'] }] }`. */
export function clusterSecretStore(name: string, provider: Provider, more: Provider = {}) {
  return object(clusterSecretStores, { name }, { spec: { provider, ...more } });
}

/** The fake provider with these values; `version` only where a case is about versions. */
export function fake(values: Texts): Provider {
  return { fake: { data: Object.entries(values).map(([key, value]) => ({ key, value })) } };
}

/** AWS with static keys out of the Secret `account` (keys `id` and `key`). `more` adds or replaces fields, e.g. `role`. */
export function aws(account: string, more: Provider = {}): Provider {
  const secretRef = {
    accessKeyIDSecretRef: { name: account, key: 'id' },
    secretAccessKeySecretRef: { name: account, key: 'key' },
  };
  return { aws: { service: 'SecretsManager', region: 'eu-central-1', auth: { secretRef }, ...more } };
}

/** Vault KV v2 at `secret`, with the token in the Secret `account` (key `token`). `more` adds or replaces fields. */
export function vault(server: string, account: string, more: Provider = {}): Provider {
  const auth = { tokenSecretRef: { name: account, key: 'token' } };
  return { vault: { server, path: 'secret', version: 'v2', auth, ...more } };
}

/** Vault with the kubernetes auth method, as ServiceAccount `account`. */
export function vaultAs(server: string, role: string, account: string, more: Provider = {}): Provider {
  const auth = { kubernetes: { mountPath: 'kubernetes', role, serviceAccountRef: { name: account } } };
  return vault(server, '', { auth, ...more });
}

// ---- PushSecret

/** Pushes from the Secret `source`: each pair of `keys` is a key of it and the remote key. `more` adds to the spec. */
export function pushSecret(
  namespace: string,
  name: string,
  source: string,
  store: string,
  keys: Texts,
  more: Partial<PushSecretSpecInput> = {},
) {
  const data = Object.entries(keys).map(([secretKey, remoteKey]) => ({
    match: { secretKey, remoteRef: { remoteKey } },
  }));
  const spec: PushSecretSpecInput = {
    secretStoreRefs: [{ name: store, kind: 'SecretStore' }],
    selector: { secret: { name: source } },
    data,
    ...more,
  };
  return object(pushSecrets, { namespace, name }, { spec });
}

/** The same PushSecret in all namespaces with these labels; `more` adds to the spec of the ClusterPushSecret. */
export function clusterPushSecret(
  name: string,
  labels: Texts,
  pushSecretSpec: PushSecretSpecInput,
  more: Provider = {},
) {
  const spec = { namespaceSelectors: [{ matchLabels: labels }], pushSecretSpec, ...more };
  return object(clusterPushSecrets, { name }, { spec });
}

function built<Spec>(spec: Spec, parts: readonly Part<Spec>[]): Spec {
  return parts.reduce((made, part) => part(made), spec);
}
