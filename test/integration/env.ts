/**
 * The world an integration test runs in. Written once, it has two makers: `sandboxEnv()` (everything in this process,
 * used by `npm test`) and `realEnv()` (kube-apiserver, etcd, Vault, moto; used by `npm run test:e2e`). A test asks only
 * for what this interface offers, so it cannot tell them apart, except through `supports()`.
 */
import type { Clock } from '../../src/clock.ts';
import type { KubeClient } from '../../src/kube/client.ts';
import type { KubeObject, Stored } from '../../src/kube/types.ts';

export type Feature =
  /** The backend can be told to deny or throttle (D80: moto checks no policies). */
  | 'aws-faults'
  /** The API server can be told to misbehave on request (429, 410, half a line). */
  | 'kube-faults'
  | 'vault-faults'
  /** `advance()` is instant. Where it is not, cases that need more than 20 s are left out (D81). */
  | 'fast-time'
  /** Servers can be stopped and started again on the same address. */
  | 'restart';

export interface AwsBackend {
  /** Base URL for the `AWS_*_ENDPOINT` variables. */
  readonly endpoint: string;
  /** Creates or replaces a Secrets Manager secret, in region `eu-central-1` like all that tests put here. */
  putSecret(name: string, value: string | Uint8Array, options?: { tags?: Record<string, string> }): Promise<void>;
  deleteSecret(name: string): Promise<void>;
  putParameter(
    name: string,
    value: string,
    options?: { type?: 'String' | 'SecureString' | 'StringList' },
  ): Promise<void>;
  /** Calls seen since the last `resetCalls()`, by action name, e.g. `GetSecretValue`, `AssumeRole`. */
  calls(): Promise<ReadonlyMap<string, number>>;
  resetCalls(): Promise<void>;
  /**
   * Makes calls of one action fail until healed. Needs `aws-faults`. `match` limits it to a secret's name or a role: calls
   * whose request contains that text.
   */
  fault(action: string, fault: 'deny' | 'throttle' | 'unavailable' | 'expired-token', match?: string): Promise<void>;
  heal(): Promise<void>;
  /** Makes a key pair known that may call everything. No effect where signatures are not checked (moto). */
  addAccessKey(id: string, secret: string): Promise<void>;
  /** Lets a role be assumed; without limits by everybody. No effect where trust policies are not checked (moto). */
  trustRole(arn: string, trust?: RoleTrust): Promise<void>;
}

/** Who may assume a role, besides the access keys that are known. */
export interface RoleTrust {
  /** Subjects of web identity tokens, e.g. `system:serviceaccount:shop:shop-aws`. Default: any. */
  readonly subjects?: readonly string[];
  /** Audience of web identity tokens. Default `sts.amazonaws.com`. */
  readonly audience?: string;
}

/** An HTTP status (403, 429, 500, 503 …), `slow`: no answer until healed, or `malformed`: half an answer. */
export type VaultFault = number | 'slow' | 'malformed';

export interface VaultBackend {
  readonly address: string;
  /** A token with all rights. */
  readonly rootToken: string;
  /** A call to Vault's HTTP API with the root token; `path` without `/v1/`. Returns the parsed body or undefined (204). */
  api(method: 'GET' | 'PUT' | 'POST' | 'DELETE' | 'LIST', path: string, body?: unknown): Promise<unknown>;
  /** Writes the data of a KV secret. `version` is that of the mount. */
  put(mount: string, key: string, data: Record<string, unknown>, version?: 'v1' | 'v2'): Promise<void>;
  /** Requests seen since the last `resetCalls()`, as `METHOD path`, e.g. `GET secret/data/db`. */
  calls(): Promise<ReadonlyMap<string, number>>;
  resetCalls(): Promise<void>;
  /** Calls whose `METHOD path` contains `match` fail until healed. Needs `vault-faults`. */
  fault(match: string, fault: VaultFault): Promise<void>;
  heal(): Promise<void>;
  /** Stops answering and comes back on the same address. Needs `restart`. */
  stop(): Promise<void>;
  start(): Promise<void>;
}

/** Requests by method and by what their path and query match. */
export interface RequestMatch {
  readonly method?: string;
  readonly path?: RegExp;
}

export interface KubeFaults {
  /** Ends the operator's open watches, cleanly or by resetting the connection. */
  dropWatches(how: 'end' | 'reset'): Promise<void>;
  /** Answers the next `count` requests that match with this status. Needs `kube-faults`. */
  respond(
    match: RequestMatch,
    answer: { readonly status: number; readonly retryAfterSeconds?: number },
    count: number,
  ): Promise<void>;
  /** Resets the connection of the next `count` requests that match. Needs `kube-faults`. */
  reset(match: RequestMatch, count: number): Promise<void>;
  /** Answers the next `count` requests that match `ms` milliseconds late. Needs `kube-faults`. */
  delay(match: RequestMatch, ms: number, count: number): Promise<void>;
  /** Cuts open watches in the middle of a line. Needs `kube-faults`. */
  halfLine(path?: RegExp): Promise<void>;
  /** Open watches stay open but say nothing more. Needs `kube-faults`. */
  silence(path?: RegExp): Promise<void>;
  /** Forgets what still waits for a request. */
  heal(): void;
  /** Forgets old versions, so that a watch from one of them gets 410. */
  compact(): Promise<void>;
  /** Stops the API server; its data survives. Needs `restart`. */
  stop(): Promise<void>;
  start(): Promise<void>;
}

/** A running operator, in this process. */
export interface Operator {
  /** Base URLs; the paths are `/metrics` and `/healthz`, `/readyz`. */
  readonly metricsUrl: string;
  readonly healthUrl: string;
  /** All log lines so far, parsed. */
  logs(): readonly Record<string, unknown>[];
  stop(): Promise<void>;
}

/** A running operator, in a process of its own, with the real time. */
export interface OperatorProcess {
  /** Ends it at once, in the middle of whatever it does. @throws Error when it ended before */
  kill(): Promise<void>;
}

/** Each runs as a ServiceAccount of its own. */
export type Process = 'controller' | 'webhook' | 'cert-controller';

export interface Env {
  readonly kind: 'sandbox' | 'real';
  /** A client with all rights. */
  readonly kube: KubeClient;
  readonly aws: AwsBackend;
  readonly vault: VaultBackend;
  readonly kubeFaults: KubeFaults;
  supports(feature: Feature): boolean;
  /** A fresh namespace with a unique name that starts with `prefix`, and these labels; removed when the env is disposed. */
  namespace(prefix: string, labels?: Readonly<Record<string, string>>): Promise<string>;
  /** Applies objects (create or replace, spec and metadata), in order, as a user's `kubectl apply` would. */
  apply(...objects: readonly KubeObject[]): Promise<readonly Stored[]>;
  /**
   * Starts the operator with extra command line flags, e.g. `['--concurrent=4']`, and extra environment variables.
   * Stopped when the env is disposed.
   */
  startOperator(flags?: readonly string[], environment?: Readonly<Record<string, string>>): Promise<Operator>;
  /** The same as a process of its own; for tests that kill it, and that do not move time. Killed when the env is disposed. */
  startProcess(flags?: readonly string[]): Promise<OperatorProcess>;
  /** What other processes of ours are started with here: the env's time, and the environment variables of a Pod. */
  readonly machine: {
    readonly clock: Clock;
    readonly environment: Readonly<Record<string, string>>;
    /**
     * The same with the rights of another process, or of somebody who may do everything. `namespace`: where that process is to be
     * taken for installed, besides the operator's own namespace. In the sandbox everybody may do everything.
     */
    environmentOf(who: Process | 'administrator', namespace?: string): Promise<Readonly<Record<string, string>>>;
  };
  /** Lets `ms` milliseconds pass for operator and backends: instantly in the sandbox, by waiting on the real parts. */
  advance(ms: number): Promise<void>;
  /** Polls until `check` returns without throwing, or fails with its last error after `timeoutMs` (default 10 s of real time). */
  eventually<T>(check: () => T | Promise<T>, timeoutMs?: number): Promise<T>;
  /**
   * What `kubectl <args>` prints. On the real parts any command of the real kubectl; in the sandbox `get` with `-n`, `-A`,
   * `-o wide|json|name` and `--no-headers`.
   * @throws with kubectl's words when it fails.
   */
  kubectl(...args: readonly string[]): Promise<string>;
  /** Events about the object of that name, oldest first. `namespace` undefined: a cluster-scoped object (in `default`). */
  events(namespace: string | undefined, name: string): Promise<readonly Event[]>;
  /** The text of the newest operator's `/metrics`. */
  metrics(): Promise<string>;
  /**
   * Enables Vault's kubernetes auth at `auth/<mount>` (default `kubernetes`) against this env's API server, with the token
   * of a reviewer account. Roles are the test's own: `env.vault.api('POST', 'auth/kubernetes/role/shop', …)`.
   */
  enableKubernetesAuth(mount?: string): Promise<void>;
  /**
   * Gives back all there is: stops the operators, removes the namespaces with what is in them and every cluster-scoped
   * object of our own groups. `useEnv` calls it.
   */
  dispose(): Promise<void>;
}

/** An event as `kubectl describe` shows it. */
export interface Event {
  readonly type: string;
  readonly reason: string;
  readonly message: string;
  readonly count: number;
  /** Kind of the object it is about. */
  readonly kind: string;
}
