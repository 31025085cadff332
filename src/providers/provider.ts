/**
 * The provider contract: everything a backend must offer, and everything it is given. One file, so that a new provider
 * is written against this page alone. A provider never sees a Kubernetes client, never reads the process environment,
 * and never logs: it gets {@link SessionContext} and answers with values or the errors of `errors.ts`.
 *
 *   declaration (spec.ts, light)      what the CRD, the webhook and the pool need to know without loading an SDK
 *   module      (index.ts, lazy)      opens sessions and reads values out of what the backend sent
 *   client      (one per identity)    a live session: read, find, validate, close
 */
import type { ZodType } from 'zod';
import type { Clock } from '../clock.ts';
import type { Proxies } from '../proxy.ts';
import type { SecretValue } from '../secret-value.ts';
import type { CAProvider, SecretKeySelector, ServiceAccountSelector } from '../api/selectors.ts';
import type { ProviderError } from './errors.ts';

export type StoreKind = 'SecretStore' | 'ClusterSecretStore';

/** The SecretStore or ClusterSecretStore a session belongs to. `namespace` is empty for a ClusterSecretStore. */
export interface StoreIdentity {
  readonly kind: StoreKind;
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly generation: number;
}

export type Capabilities = 'ReadOnly' | 'WriteOnly' | 'ReadWrite';
export type Maintenance = 'Maintained' | 'NotMaintained' | 'Deprecated';

/** `spec.retrySettings`, parsed. Absent members: the provider's own defaults (`api.md` 4.3). */
export interface RetrySettings {
  readonly maxRetries?: number | undefined;
  readonly retryIntervalMs?: number | undefined;
}

/** What admission and the store controller check without talking to anyone. */
export interface SpecCheck {
  readonly errors: readonly string[];
  readonly warnings: readonly string[];
}

/** One line of the registry. */
export interface ProviderDeclaration<Spec = unknown> {
  /** The key under `spec.provider`, e.g. `aws`. */
  readonly name: string;
  readonly spec: ZodType<Spec>;
  readonly capabilities: Capabilities;
  readonly maintenance: Maintenance;
  /** The checks of `api.md` 12. Pure. `store.namespace` is empty for a ClusterSecretStore. */
  check(spec: Spec, store: { readonly kind: StoreKind; readonly namespace: string }): SpecCheck;
  /**
   * True when a ClusterSecretStore with this spec resolves anything (a credential, a tag) in the consumer's namespace,
   * so that it is one identity per namespace (D70) and cannot be probed by itself.
   */
  dependsOnNamespace(spec: Spec): boolean;
  /**
   * The part of `spec` that decides where a push lands and as whom (D30); stores that are equal in it, and in the objects it refers to,
   * write to the same place. `undefined`: each store is a place of its own. Default: all of `spec`. Pure.
   */
  destination?(spec: Spec, namespace: string): unknown;
  load(): Promise<ProviderModule<Spec>>;
}

export interface ProviderModule<Spec = unknown> {
  /**
   * Opens a session: resolves credentials through `context.cluster` and prepares a client. It may log in at once or
   * at the first call. @throws ProviderError
   */
  open(context: SessionContext<Spec>): Promise<SecretsClient>;
  readonly values: ValueReader;
}

/** Reads what the user asked for out of the whole value the backend returned. Pure; `providers.md` 1.6 and 1.7. */
export interface ValueReader {
  /** `spec.data[]`: the whole value, or its `property`. @throws PropertyNotFoundError */
  select(raw: SecretValue, ref: RemoteRef): SecretValue;
  /** `spec.dataFrom[].extract`: one entry per top-level member. @throws ProviderError when it is no object. */
  entries(raw: SecretValue, ref: RemoteRef): ReadonlyMap<string, SecretValue>;
}

/** What identifies one value at the backend: refs that are equal in all members are one read. */
export interface ReadRef {
  readonly key: string;
  readonly version?: string | undefined;
  /** `Fetch` reads tags or labels instead of the value. Default `None`. */
  readonly metadataPolicy?: 'None' | 'Fetch' | undefined;
  /** Part of the read only for a client that says {@link SecretsClient.readsProperty}; else looked up in the value. */
  readonly property?: string | undefined;
}

export type RemoteRef = ReadRef;

export type ReadOutcome =
  { readonly ok: true; readonly value: SecretValue } | { readonly ok: false; readonly error: ProviderError };

export interface FindQuery {
  readonly path?: string | undefined;
  /** RE2, unanchored. */
  readonly nameRegexp?: string | undefined;
  readonly tags?: Readonly<Record<string, string>> | undefined;
}

/** `Unknown`: nothing is wrong, but nothing could be checked either (credentials of the consumer's namespace). */
export type Validity = 'Ready' | 'Unknown';

/** The Secret that is pushed from, after templates and key conversion. */
export interface PushSource {
  readonly data: ReadonlyMap<string, SecretValue>;
  /** e.g. `Opaque`. */
  readonly type: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

export interface PushEntry {
  /** The key of the source; undefined: the whole Secret. The caller has checked that it exists. */
  readonly secretKey: string | undefined;
  /** The property of the remote secret; undefined: its whole value. */
  readonly property: string | undefined;
  /** `spec` of the entry's metadata envelope (`providers.md` 1.10), unwrapped and not yet checked; undefined when absent. */
  readonly metadata: unknown;
  /**
   * The same of the last push of this entry, as far as it is known: what was asked for then, and is no more, may have to be undone.
   * Undefined when there was none.
   */
  readonly previousMetadata?: unknown;
}

/** Everything that one PushSecret wants of one remote key. */
export interface Push {
  readonly remoteKey: string;
  readonly entries: readonly PushEntry[];
  readonly source: PushSource;
  /** `updatePolicy: IfNotExists`: what somebody else made is left as it is, also where our entries are missing in it. Default: false. */
  readonly keepsForeign?: boolean;
  /** Reads a key of a ConfigMap or Secret of the PushSecret's own namespace (resource policies). */
  readonly readReference: (ref: {
    readonly kind: 'ConfigMap' | 'Secret';
    readonly name: string;
    readonly key: string;
  }) => Promise<string>;
}

export type PushOutcome = 'created' | 'updated' | 'unchanged';

/** A live session with one backend under one authenticated identity. Used by many reconciles at the same time. */
export interface SecretsClient {
  /** The most refs one `read` call may carry; 1 when the backend has no batch API. The reader never sends more. */
  readonly batchSize: number;
  /** True when the backend is asked for the property itself: then refs that differ in it are different reads. */
  readonly readsProperty?: boolean;
  /** True when `validate` asks nobody, or not what reads ask: that it succeeds does not mean that reads will. */
  readonly validatesElsewhere?: boolean;
  /**
   * Reads whole values. Answers exactly one outcome per ref, in order: a bad ref never fails its neighbours.
   * Throws only what concerns the whole call (denied, throttled, unreachable, authentication) and the abort reason.
   * A client whose batch API is denied falls back to single reads by itself and remembers it for an hour.
   */
  read(refs: readonly ReadRef[], signal: AbortSignal): Promise<readonly ReadOutcome[]>;
  /** Absent when the backend cannot search. Keys are the backend's names, values whole values. */
  find?(query: FindQuery, signal: AbortSignal): Promise<ReadonlyMap<string, SecretValue>>;
  /**
   * Writes what `push.entries` say to `push.remoteKey`, all of it in at most one new version: reads what is there, compares, and writes
   * only a difference (D31). Refuses what another owner made. Absent when the backend cannot be written.
   * @throws ProviderError
   */
  push?(push: Push, signal: AbortSignal): Promise<PushOutcome>;
  /**
   * True when what was pushed cannot be read back to compare, so that every `push` writes: the caller then pushes only what changed in
   * the cluster (D31).
   */
  readonly pushesBlindly?: boolean;
  /** Takes the entries' properties away, or the whole remote secret with the last one. What is gone or not ours is left alone. */
  remove?(removal: Pick<Push, 'remoteKey' | 'entries'>, signal: AbortSignal): Promise<void>;
  /**
   * Is there such a remote secret and, if given, such a property? For `updatePolicy: IfNotExists`. `entry`: what would be pushed there,
   * for providers whose metadata say where that is.
   */
  exists?(
    remoteKey: string,
    property: string | undefined,
    signal: AbortSignal,
    entry?: Pick<PushEntry, 'metadata'>,
  ): Promise<boolean>;
  /**
   * Proves that the credentials work, as far as that is possible without reading a secret.
   * @throws ProviderError; ValidityUnknownError when it was tried and cannot be told, which is no reason not to use the store
   */
  validate(signal: AbortSignal): Promise<Validity>;
  /** Gives back what the session owns (a Vault token, sockets). Never throws. */
  close(): Promise<void>;
}

/** Settings of the operator's own environment: the same for all tenants, never set by one. */
export interface ProviderEnvironment {
  /** `AWS_*_ENDPOINT` overrides of `providers.md` 2.6 by variable name. */
  readonly awsEndpoints: Readonly<Record<string, string>>;
  /** The operator's own process environment as far as the AWS default chain needs it (keys, web identity, container). */
  readonly awsDefaults: Readonly<Record<string, string>>;
  /** CIDRs that D73 would refuse and the operator's owner opened with `--allow-targets`. */
  readonly allowTargets: readonly string[];
  /** `HTTPS_PROXY` and its siblings; undefined: none. */
  readonly proxies?: Proxies | undefined;
  /** D72: false refuses the operator's own cloud identity to namespaced SecretStores. */
  readonly controllerCredentialsForAll: boolean;
}

export interface SessionContext<Spec> {
  readonly store: StoreIdentity;
  readonly spec: Spec;
  readonly retry: RetrySettings | undefined;
  /** The consumer's namespace; for a namespaced store its own; empty while a ClusterSecretStore is validated. */
  readonly namespace: string;
  readonly cluster: ClusterAccess;
  readonly clock: Clock;
  readonly environment: ProviderEnvironment;
  readonly observe: ApiCallObserver;
  /** Aborted when the session ends. Background renewals stop with it. */
  readonly signal: AbortSignal;
}

/**
 * Counts one call to a backend: `externalsecret_provider_api_calls_count{provider,call,status}`, names as in
 * `providers.md` 1.11, e.g. `('AWS/SecretsManager', 'BatchGetSecretValue', 'success')`.
 */
export type ApiCallObserver = (provider: string, call: string, status: 'success' | 'error') => void;

export interface ServiceAccountInfo {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly annotations: Readonly<Record<string, string>>;
}

/**
 * The one way a provider sees the cluster. Namespace rules (`providers.md` 1.9) are already applied: a namespaced
 * store always reads its own namespace and a selector that names another one is refused; a ClusterSecretStore reads
 * the selector's namespace or, without one, the consumer's. Whatever is read becomes part of the session's identity,
 * and a change of it retires the session. `field` names the field for error messages, e.g. `auth.secretRef.accessKeyIDSecretRef`.
 * All methods throw InvalidProviderConfigError naming object, namespace and key when something is missing.
 */
export interface ClusterAccess {
  secretKey(field: string, selector: SecretKeySelector, defaultKey?: string): Promise<SecretValue>;
  /** All of a Secret's data, and its labels. */
  secret(
    field: string,
    selector: SecretKeySelector,
  ): Promise<{
    readonly data: ReadonlyMap<string, SecretValue>;
    readonly labels: Readonly<Record<string, string>>;
  }>;
  serviceAccount(field: string, selector: ServiceAccountSelector): Promise<ServiceAccountInfo>;
  /** TokenRequest. `audiences` empty: the API server's default audience. `expiresAt` in epoch milliseconds. */
  serviceAccountToken(
    field: string,
    selector: ServiceAccountSelector,
    request: { readonly audiences: readonly string[]; readonly expirationSeconds?: number },
  ): Promise<{ readonly token: SecretValue; readonly expiresAt: number }>;
  /** PEM text of `caBundle` (PEM or base64 of PEM), else of `caProvider`; undefined when neither is set. */
  certificateAuthority(
    field: string,
    source: { readonly caBundle?: string | undefined; readonly caProvider?: CAProvider | undefined },
  ): Promise<string | undefined>;
  /** The operator's own mounted token. Refused for a namespaced SecretStore (D71). */
  operatorToken(field: string): Promise<SecretValue>;
}
