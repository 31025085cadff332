/**
 * All flags of the three processes. Names and defaults are the peer's, so that people's `extraArgs` keep working; our own
 * and those whose default differs say so.
 */
import { logLevels, timeEncodings } from '../telemetry/logger.ts';
import { duration, ignored, integer, list, oneOf, rate, text, toggle, type FlagTable } from './flag.ts';

const NOT_BUILT = 'this build does not contain the backend';
const ALWAYS_POOLED = 'sessions are always pooled and reused';
const NO_SECRET_CACHE = 'only metadata is cached, bodies are read when needed';

/** Flags that all three processes share. */
export const commonFlags = {
  'metrics-addr': text(':8080', 'Where metrics are served; 0 switches them off', 'an address such as :8080'),
  'metrics-secure': toggle(false, 'Serve metrics over TLS, self-signed unless --metrics-cert-dir is given'),
  'metrics-auth': toggle(false, 'Ask the API server who may scrape; needs --metrics-secure'),
  'metrics-cert-dir': text('', 'Folder with the key pair of the metrics server'),
  'metrics-cert-name': text('tls.crt', 'Certificate file in that folder, or an absolute path'),
  'metrics-key-name': text('tls.key', 'Key file in that folder, or an absolute path'),
  'enable-http2': toggle(false, 'Offer HTTP/2 on the metrics server (and the webhook)'),
  loglevel: oneOf(logLevels, 'info', 'Least level that is logged'),
  'zap-time-encoding': oneOf(timeEncodings, 'epoch', 'How log lines write the time'),
} satisfies FlagTable;

export const controllerFlags = {
  ...commonFlags,
  'live-addr': text(':8082', 'Where /healthz and /readyz are served', 'an address such as :8082'),
  'controller-class': text('default', 'Stores and generators with another spec.controller are left alone'),
  namespace: text('', 'Look at this namespace only'),
  concurrent: integer(1, 'Least number of reconciles in flight per controller; there are more when that helps', 1),
  'client-qps': rate(
    0,
    'Requests per second to the API server; 0: as many as it allows (External Secrets Operator: 50)',
  ),
  'client-burst': integer(
    0,
    'What may exceed --client-qps for a moment; 0: twice as much (External Secrets Operator: 100)',
  ),
  'enable-leader-election': toggle(false, 'Only one process works, the one that holds a Lease'),
  'leader-election-id': text('external-secrets-controller', 'Name of the Lease'),
  'leader-election-lease-duration': duration('15s', 'How long others wait before they take over'),
  'leader-election-renew-deadline': duration('10s', 'How long the leader tries to renew before it pauses'),
  'leader-election-retry-period': duration('2s', 'Time between two tries'),
  'enable-secret-store-reconciler': toggle(true, 'Run the SecretStore controller'),
  'enable-cluster-store-reconciler': toggle(true, 'Run the ClusterSecretStore controller'),
  'enable-cluster-external-secret-reconciler': toggle(true, 'Run the ClusterExternalSecret controller'),
  'enable-push-secret-reconciler': toggle(true, 'Run the PushSecret controller'),
  'enable-cluster-push-secret-reconciler': toggle(true, 'Run the ClusterPushSecret controller'),
  'store-requeue-interval': duration('5m', 'How often stores without a refreshInterval are validated'),
  'enable-flood-gate': toggle(true, 'Use only stores that are ready'),
  'enable-generator-state': toggle(true, 'Keep the state of generators that must clean up at a backend'),
  'generator-gc-grace-period': duration('2m', 'How long an old generator state stays'),
  'enable-extended-metric-labels': toggle(false, 'Add app_kubernetes_io_* labels to the series of objects'),
  'unsafe-allow-generic-targets': toggle(false, 'Allow targets other than Secrets'),
  'template-left-delimiter': text('{{', 'What opens an action in templates'),
  'template-right-delimiter': text('}}', 'What closes it'),
  // Ours.
  'status-heartbeat': duration('1m', 'refreshTime of an unchanged object is written at most this often'),
  'service-account-token-file': text(
    '/var/run/secrets/kubernetes.io/serviceaccount/token',
    'Token that ClusterSecretStores may present as the operator',
  ),
  'controller-credentials': oneOf(
    ['all', 'cluster-stores-only'],
    'all',
    "Which stores without auth may use the operator's own cloud identity",
  ),
  'allow-targets': list(
    [],
    'Address ranges that tenants may reach although they are refused by default',
    'a comma separated list of ranges such as 127.0.0.0/8',
  ),
  // Accepted, so that nobody's start-up fails.
  'enable-secrets-caching': ignored(toggle(false, 'Cache all Secrets'), NO_SECRET_CACHE),
  'enable-configmaps-caching': ignored(toggle(false, 'Cache all ConfigMaps'), NO_SECRET_CACHE),
  'enable-managed-secrets-caching': ignored(toggle(true, 'Cache managed Secrets'), NO_SECRET_CACHE),
  'enable-secret-api-read-on-cache-mismatch': ignored(
    toggle(true, 'Read live when caches disagree'),
    'there is one cache, it cannot disagree with itself',
  ),
  'enable-vault-token-cache': ignored(toggle(false, 'Reuse Vault tokens'), ALWAYS_POOLED),
  'vault-token-cache-size': ignored(integer(262_144, 'Vault tokens kept'), ALWAYS_POOLED),
  'experimental-enable-vault-token-cache': ignored(toggle(false, 'Reuse Vault tokens'), ALWAYS_POOLED),
  'experimental-vault-token-cache-size': ignored(integer(262_144, 'Vault tokens kept'), ALWAYS_POOLED),
  'doppler-etag-cache-size': ignored(integer(16_384, 'Doppler answers kept'), NOT_BUILT),
  'experimental-enable-doppler-oidc-cache': ignored(toggle(false, 'Reuse Doppler tokens'), NOT_BUILT),
  'experimental-doppler-oidc-cache-size': ignored(integer(262_144, 'Doppler tokens kept'), NOT_BUILT),
  'mysterybox-tokens-cache-size': ignored(integer(4096, 'Nebius tokens kept', -1_000_000), NOT_BUILT),
  'mysterybox-connections-cache-size': ignored(integer(128, 'Nebius connections kept', -1_000_000), NOT_BUILT),
} satisfies FlagTable;

export const webhookFlags = {
  ...commonFlags,
  'healthz-addr': text(':8081', 'Where /healthz and /readyz are served', 'an address such as :8081'),
  port: integer(10_250, 'Port of the admission server'),
  'dns-name': text('localhost', 'Name that the served certificate must cover'),
  'cert-dir': text('/tmp/k8s-webhook-server/serving-certs', 'Folder with ca.crt, tls.crt and tls.key'),
  'check-interval': duration('5m', 'How often the certificate is checked'),
  'lookahead-interval': duration('2160h', 'How far ahead it must be valid'),
  'tls-ciphers': list([], 'Cipher suites up to TLS 1.2; default: those of Node'),
  'tls-min-version': oneOf(['1.0', '1.1', '1.2', '1.3'], '1.2', 'Least version of TLS'),
  // Ours.
  'secret-name': text('', 'Secret that holds the certificate too: watched, so that --cert-dir need not be waited for'),
  'secret-namespace': text('', 'Its namespace; default: the one of the Pod'),
} satisfies FlagTable;

export const certControllerFlags = {
  ...commonFlags,
  'healthz-addr': text(':8081', 'Where /healthz and /readyz are served', 'an address such as :8081'),
  'service-name': text('external-secrets-webhook', 'Service of the webhook'),
  'service-namespace': text('default', 'Its namespace'),
  'secret-name': text('external-secrets-webhook', 'Secret that holds the certificate'),
  'secret-namespace': text('default', 'Its namespace'),
  // Ours.
  'ca-secret-name': text('', 'Secret beside it that holds the key of the authority; default: --secret-name and "-ca"'),
  'crd-names': list(
    [
      'externalsecrets.external-secrets.io',
      'clustersecretstores.external-secrets.io',
      'secretstores.external-secrets.io',
    ],
    'CustomResourceDefinitions to look after',
  ),
  'enable-partial-cache': toggle(false, 'Watch only what carries our label'),
  'enable-leader-election': toggle(false, 'Only one process works, the one that holds a Lease'),
  'crd-requeue-interval': duration('5m', 'How often everything is checked again'),
} satisfies FlagTable;
