/**
 * What the program was told: its command line and its environment, read once, checked and frozen. Nobody else looks at
 * `process.env`. The flags themselves are in `flags/tables.ts`.
 */
import { isIP } from 'node:net';
import type { FlagValues } from './flags/flag.ts';
import { helpText } from './flags/help.ts';
import { parseFlags, UsageError } from './flags/parse.ts';
import { certControllerFlags, type commonFlags, controllerFlags, webhookFlags } from './flags/tables.ts';
import type { LogLevel, TimeEncoding } from './telemetry/logger.ts';

export { UsageError } from './flags/parse.ts';

export type Env = Readonly<Record<string, string | undefined>>;

export interface MetricsServerOptions {
  /** Go style, e.g. `:8080`; undefined: no metrics server. */
  readonly addr: string | undefined;
  readonly secure: boolean;
  readonly auth: boolean;
  /** Undefined: self-signed when `secure`. */
  readonly certDir: string | undefined;
  readonly certName: string;
  readonly keyName: string;
  readonly http2: boolean;
}

export interface CommonOptions {
  readonly metrics: MetricsServerOptions;
  readonly log: { readonly level: LogLevel; readonly timeEncoding: TimeEncoding };
  readonly environment: Environment;
  /** To be logged once at the start: flags that were given and do nothing. */
  readonly notes: readonly string[];
}

export interface ControllerOptions extends CommonOptions {
  readonly liveAddr: string;
  readonly controllerClass: string;
  /** Undefined: the whole cluster. */
  readonly namespace: string | undefined;
  readonly concurrent: number;
  /** `qps` 0: no limit. `burst` undefined: the client's default. */
  readonly client: { readonly qps: number; readonly burst: number | undefined };
  readonly leaderElection: {
    readonly enabled: boolean;
    readonly id: string;
    readonly leaseDurationMs: number;
    readonly renewDeadlineMs: number;
    readonly retryPeriodMs: number;
  };
  readonly reconcilers: {
    readonly secretStore: boolean;
    readonly clusterSecretStore: boolean;
    readonly clusterExternalSecret: boolean;
    readonly pushSecret: boolean;
    readonly clusterPushSecret: boolean;
  };
  readonly storeRequeueIntervalMs: number;
  readonly floodGate: boolean;
  readonly generatorState: boolean;
  readonly generatorGcGracePeriodMs: number;
  readonly extendedMetricLabels: boolean;
  readonly genericTargets: boolean;
  readonly templateDelimiters: { readonly left: string; readonly right: string };
  readonly statusHeartbeatMs: number;
  readonly serviceAccountTokenFile: string;
  /** D72: false refuses the operator's own cloud identity to namespaced SecretStores. */
  readonly controllerCredentialsForAll: boolean;
  /** CIDRs. */
  readonly allowTargets: readonly string[];
}

/** Members are undefined when the variable is unset or empty. */
export interface Environment {
  /** Fits the sources of the Kubernetes configuration. */
  readonly kube: {
    readonly kubeconfig: string | undefined;
    readonly serviceHost: string | undefined;
    readonly servicePort: string | undefined;
    readonly home: string | undefined;
  };
  readonly podNamespace: string | undefined;
  /** `AWS_*_ENDPOINT` by variable name. */
  readonly awsEndpoints: Readonly<Record<string, string>>;
  /** All other `AWS_*` variables: what the SDK's default chain looks at. Holds credentials: never log it. */
  readonly awsDefaults: Readonly<Record<string, string>>;
  readonly proxies: {
    readonly http: string | undefined;
    readonly https: string | undefined;
    readonly no: string | undefined;
  };
}

const AWS_ENDPOINTS: ReadonlySet<string> = new Set([
  'AWS_SECRETSMANAGER_ENDPOINT',
  'AWS_SSM_ENDPOINT',
  'AWS_STS_ENDPOINT',
  'AWS_ACM_ENDPOINT',
  'AWS_RESOURCE_GROUPS_TAGGING_API_ENDPOINT',
  'AWS_ECR_ENDPOINT',
  'AWS_ECR_PUBLIC_ENDPOINT',
]);

/**
 * Options of the controller process. `argv` without program and sub-command.
 * @throws UsageError  @returns the help page as text when `--help` was given
 */
export function parseOptions(argv: readonly string[], env: Env = process.env): ControllerOptions | string {
  const { values, notes, help } = parseFlags(controllerFlags, argv);
  if (help) return helpText('external-secrets [flags]: keeps Secrets in step with secret backends', controllerFlags);
  return freeze({
    ...common(values, env, notes),
    liveAddr: address('live-addr', values['live-addr']),
    controllerClass: values['controller-class'],
    namespace: filled(values.namespace),
    concurrent: values.concurrent,
    client: { qps: values['client-qps'], burst: values['client-burst'] === 0 ? undefined : values['client-burst'] },
    leaderElection: leaderElection(values),
    reconcilers: {
      secretStore: values['enable-secret-store-reconciler'],
      clusterSecretStore: values['enable-cluster-store-reconciler'],
      clusterExternalSecret: values['enable-cluster-external-secret-reconciler'],
      pushSecret: values['enable-push-secret-reconciler'],
      clusterPushSecret: values['enable-cluster-push-secret-reconciler'],
    },
    storeRequeueIntervalMs: values['store-requeue-interval'],
    floodGate: values['enable-flood-gate'],
    generatorState: values['enable-generator-state'],
    generatorGcGracePeriodMs: values['generator-gc-grace-period'],
    extendedMetricLabels: values['enable-extended-metric-labels'],
    genericTargets: values['unsafe-allow-generic-targets'],
    templateDelimiters: delimiters(values['template-left-delimiter'], values['template-right-delimiter']),
    statusHeartbeatMs: values['status-heartbeat'],
    serviceAccountTokenFile: values['service-account-token-file'],
    controllerCredentialsForAll: values['controller-credentials'] === 'all',
    allowTargets: values['allow-targets'].map(cidr),
  });
}

export interface WebhookOptions extends CommonOptions {
  readonly healthzAddr: string;
  readonly port: number;
  readonly dnsName: string;
  readonly certDir: string;
  readonly checkIntervalMs: number;
  readonly lookaheadMs: number;
  readonly tlsCiphers: readonly string[];
  readonly tlsMinVersion: '1.0' | '1.1' | '1.2' | '1.3';
  /** The Secret that holds the certificate; undefined: there is only the folder. No namespace: the one of the Pod. */
  readonly secret: { readonly name: string; readonly namespace: string | undefined } | undefined;
}

/** @throws UsageError  @returns the help page as text when `--help` was given */
export function parseWebhookOptions(argv: readonly string[], env: Env = process.env): WebhookOptions | string {
  const { values, notes, help } = parseFlags(webhookFlags, argv);
  if (help) return helpText('external-secrets webhook [flags]: checks objects at admission', webhookFlags);
  return freeze({
    ...common(values, env, notes),
    healthzAddr: address('healthz-addr', values['healthz-addr']),
    port: values.port,
    dnsName: values['dns-name'],
    certDir: values['cert-dir'],
    checkIntervalMs: values['check-interval'],
    lookaheadMs: values['lookahead-interval'],
    tlsCiphers: values['tls-ciphers'],
    tlsMinVersion: values['tls-min-version'],
    secret:
      values['secret-name'] === ''
        ? undefined
        : { name: values['secret-name'], namespace: filled(values['secret-namespace']) },
  });
}

export interface CertControllerOptions extends CommonOptions {
  readonly healthzAddr: string;
  readonly service: { readonly name: string; readonly namespace: string };
  readonly secret: { readonly name: string; readonly namespace: string };
  /** In the namespace of `secret`: the authority and its key. */
  readonly authoritySecretName: string;
  readonly crdNames: readonly string[];
  readonly partialCache: boolean;
  readonly leaderElection: boolean;
  readonly requeueIntervalMs: number;
}

/** @throws UsageError  @returns the help page as text when `--help` was given */
export function parseCertControllerOptions(
  argv: readonly string[],
  env: Env = process.env,
): CertControllerOptions | string {
  const { values, notes, help } = parseFlags(certControllerFlags, argv);
  if (help)
    return helpText("external-secrets certcontroller [flags]: renews the webhook's certificate", certControllerFlags);
  return freeze({
    ...common(values, env, notes),
    healthzAddr: address('healthz-addr', values['healthz-addr']),
    service: { name: values['service-name'], namespace: values['service-namespace'] },
    secret: { name: values['secret-name'], namespace: values['secret-namespace'] },
    authoritySecretName: filled(values['ca-secret-name']) ?? `${values['secret-name']}-ca`,
    crdNames: values['crd-names'],
    partialCache: values['enable-partial-cache'],
    leaderElection: values['enable-leader-election'],
    requeueIntervalMs: values['crd-requeue-interval'],
  });
}

function common(values: FlagValues<typeof commonFlags>, env: Env, notes: readonly string[]): CommonOptions {
  if (values['metrics-auth'] && !values['metrics-secure']) {
    throw new UsageError('--metrics-auth needs --metrics-secure: tokens must not cross the wire in the clear');
  }
  const addr = values['metrics-addr'];
  return {
    metrics: {
      addr: addr === '0' ? undefined : address('metrics-addr', addr),
      secure: values['metrics-secure'],
      auth: values['metrics-auth'],
      certDir: filled(values['metrics-cert-dir']),
      certName: values['metrics-cert-name'],
      keyName: values['metrics-key-name'],
      http2: values['enable-http2'],
    },
    log: { level: values.loglevel, timeEncoding: values['zap-time-encoding'] },
    environment: readEnvironment(env),
    notes,
  };
}

/** @throws UsageError naming the variable */
export function readEnvironment(env: Env = process.env): Environment {
  const aws = Object.entries(env).filter((entry): entry is [string, string] => isAws(...entry));
  const endpoints = aws.filter(([name]) => AWS_ENDPOINTS.has(name));
  for (const [name, value] of endpoints) checkUrl(name, value);
  return {
    kube: {
      kubeconfig: filled(env['KUBECONFIG']),
      serviceHost: filled(env['KUBERNETES_SERVICE_HOST']),
      servicePort: filled(env['KUBERNETES_SERVICE_PORT']),
      home: filled(env['HOME']),
    },
    podNamespace: filled(env['POD_NAMESPACE']),
    awsEndpoints: Object.fromEntries(endpoints),
    awsDefaults: Object.fromEntries(aws.filter(([name]) => !AWS_ENDPOINTS.has(name))),
    proxies: {
      http: filled(env['HTTP_PROXY'] ?? env['http_proxy']),
      https: filled(env['HTTPS_PROXY'] ?? env['https_proxy']),
      no: filled(env['NO_PROXY'] ?? env['no_proxy']),
    },
  };
}

function leaderElection(values: FlagValues<typeof controllerFlags>): ControllerOptions['leaderElection'] {
  const leaseDurationMs = values['leader-election-lease-duration'];
  const renewDeadlineMs = values['leader-election-renew-deadline'];
  const retryPeriodMs = values['leader-election-retry-period'];
  if (leaseDurationMs <= renewDeadlineMs) {
    throw new UsageError('--leader-election-lease-duration must be longer than --leader-election-renew-deadline');
  }
  if (retryPeriodMs <= 0 || renewDeadlineMs <= 1.2 * retryPeriodMs) {
    throw new UsageError(
      '--leader-election-renew-deadline must be more than 1.2 times --leader-election-retry-period, which must be above 0',
    );
  }
  const [enabled, id] = [values['enable-leader-election'], values['leader-election-id']];
  return { enabled, id, leaseDurationMs, renewDeadlineMs, retryPeriodMs };
}

function delimiters(left: string, right: string): ControllerOptions['templateDelimiters'] {
  if (left !== '' && right !== '') return { left, right };
  throw new UsageError('--template-left-delimiter and --template-right-delimiter must not be empty');
}

function address(flag: string, text: string): string {
  const port = /^(?:\[[^\]]*\]|[^:\s]*):([0-9]{1,5})$/.exec(text)?.[1];
  if (port !== undefined && Number(port) < 65_536) return text;
  const off = flag === 'metrics-addr' ? ' (0 switches it off)' : '';
  throw new UsageError(`--${flag}: ${JSON.stringify(text)} is not accepted, write host:port or :port${off}`);
}

function cidr(text: string): string {
  const [ip = '', prefix = '', ...rest] = text.split('/');
  const bits = isIP(ip) === 4 ? 32 : 128;
  if (isIP(ip) > 0 && rest.length === 0 && /^[0-9]{1,3}$/.test(prefix) && Number(prefix) <= bits) return text;
  throw new UsageError(`--allow-targets: ${JSON.stringify(text)} is not accepted, write a range such as 127.0.0.0/8`);
}

function isAws(name: string, value: string | undefined): boolean {
  return name.startsWith('AWS_') && filled(value) !== undefined;
}

function checkUrl(variable: string, value: string): void {
  const url = URL.canParse(value) ? new URL(value) : undefined;
  if (url?.protocol === 'http:' || url?.protocol === 'https:') return;
  throw new UsageError(`${variable}: ${JSON.stringify(value)} is not accepted, write a URL such as https://host:port`);
}

function filled(text: string | undefined): string | undefined {
  return text === '' ? undefined : text;
}

/** Freezes the whole tree. */
function freeze<T extends object>(value: T): T {
  for (const member of Object.values(value) as unknown[]) {
    if (typeof member === 'object' && member !== null) freeze(member);
  }
  return Object.freeze(value);
}
