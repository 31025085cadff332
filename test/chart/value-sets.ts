/** Sets of values as people write them, for tests that render each and show it to an API server. */
import { nested, type RenderOptions } from './helm.ts';

const SERVICE_MONITOR = 'monitoring.coreos.com/v1/ServiceMonitor';
const PROMETHEUS_RULE = 'monitoring.coreos.com/v1/PrometheusRule';
const OPENSHIFT = 'security.openshift.io/v1';

const set = (values: Record<string, unknown>, options: Omit<RenderOptions, 'values'> = {}): RenderOptions => ({
  ...options,
  // The CRDs are the greater part of every rendering and have sets of their own.
  values: nested({ installCRDs: false, ...values }),
});

const spread = [{ maxSkew: 1, topologyKey: 'kubernetes.io/hostname', whenUnsatisfiable: 'ScheduleAnyway' }];
const affinity = {
  podAntiAffinity: {
    preferredDuringSchedulingIgnoredDuringExecution: [
      {
        weight: 1,
        podAffinityTerm: { topologyKey: 'kubernetes.io/hostname', labelSelector: { matchLabels: { a: 'b' } } },
      },
    ],
  },
};
const volume = [{ name: 'extra', emptyDir: {} }];
const mount = [{ name: 'extra', mountPath: '/extra' }];
const sidecar = [{ name: 'side', image: 'side:1' }];
const init = [{ name: 'init-{{ .Release.Name }}', image: 'init:1' }];

/** The same keys for all three components. */
function everywhere(values: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(
    ['', 'webhook.', 'certController.'].flatMap((prefix) =>
      Object.entries(values).map(([key, value]) => [`${prefix}${key}`, value]),
    ),
  );
}

export const VALUE_SETS: Readonly<Record<string, RenderOptions>> = {
  'nothing but the defaults': { values: {} },
  'the reference install': {
    values: nested({ installCRDs: true, 'webhook.port': 9443, 'serviceMonitor.enabled': true }),
  },
  'the reference install with the Prometheus operator': set(
    { 'webhook.port': 9443, 'serviceMonitor.enabled': true },
    { apiVersions: [SERVICE_MONITOR] },
  ),
  'monitors whatever the cluster says': set({
    'serviceMonitor.enabled': true,
    'serviceMonitor.renderMode': 'alwaysRender',
    'serviceMonitor.namespace': 'default',
    'serviceMonitor.additionalLabels': { team: 'platform' },
    'serviceMonitor.metricRelabelings': [{ action: 'labeldrop', regex: 'pod' }],
    'serviceMonitor.relabelings': [{ action: 'labeldrop', regex: 'node' }],
    'serviceMonitor.honorLabels': true,
  }),
  'monitors required and there': set(
    { 'serviceMonitor.enabled': true, 'serviceMonitor.renderMode': 'failIfMissing' },
    { apiVersions: [SERVICE_MONITOR] },
  ),
  alerts: set(
    { 'prometheusRule.enabled': true, 'prometheusRule.severity': 'page' },
    { apiVersions: [PROMETHEUS_RULE] },
  ),
  dashboard: set({ 'grafanaDashboard.enabled': true, 'grafanaDashboard.extraLabels': { a: 'b' } }),
  'metrics Services without monitors': set(
    everywhere({ 'metrics.service.enabled': true, 'metrics.service.annotations': { 'prometheus.io/scrape': 'true' } }),
  ),
  'secure metrics': set({
    ...everywhere({ 'metrics.listen.secure.enabled': true, 'metrics.listen.auth.enabled': true }),
    'serviceMonitor.enabled': true,
    'serviceMonitor.renderMode': 'alwaysRender',
  }),
  'secure metrics and one namespace': set({
    'metrics.listen.secure.enabled': true,
    'metrics.listen.auth.enabled': true,
    scopedRBAC: true,
  }),
  'another release name': set({}, { release: 'secrets' }),
  'a release name that is a number': set({}, { release: '2024' }),
  'the longest release name': set({}, { release: 'r'.repeat(53) }),
  'the longest full name': set({ fullnameOverride: 'f'.repeat(63) }),
  'a full name that ends with a dash when cut': set({ fullnameOverride: `${'f'.repeat(53)}-${'g'.repeat(20)}` }),
  nameOverride: set({ nameOverride: 'eso' }),
  namespaceOverride: set({ namespaceOverride: 'default' }),
  'common labels': set({ commonLabels: { team: 'platform', 'app.kubernetes.io/part-of': 'shop' } }),
  'one namespace': set({ scopedNamespace: 'default' }),
  'one namespace with Roles': set({ scopedNamespace: 'default', scopedRBAC: true }),
  'Roles in the namespace of the release': set({ scopedRBAC: true }),
  'no cluster kinds': set({
    processClusterExternalSecret: false,
    processClusterPushSecret: false,
    processClusterStore: false,
    processClusterGenerator: false,
  }),
  'no pushing': set({ processPushSecret: false, processClusterPushSecret: false }),
  'no validation of SecretStores': set({ processSecretStore: false }),
  'no cluster kinds, CRDs neither': {
    values: nested({
      processClusterExternalSecret: false,
      processClusterPushSecret: false,
      processClusterStore: false,
      processClusterGenerator: false,
      'crds.createClusterExternalSecret': false,
      'crds.createClusterPushSecret': false,
      'crds.createClusterSecretStore': false,
      'crds.createClusterGenerator': false,
      'crds.annotations': { 'helm.sh/resource-policy': 'keep' },
      'crds.unsafeServeV1Beta1': false,
    }),
  },
  'CRDs for Kubernetes 1.27': { kubeVersion: '1.27.0' },
  'no webhook': set({ 'webhook.create': false }),
  'no cert-controller': set({ 'certController.create': false }),
  'only CRDs': {
    values: nested({
      createOperator: false,
      'webhook.create': false,
      'rbac.create': false,
      'serviceAccount.create': false,
    }),
  },
  'cert-manager': set({
    'webhook.certManager.enabled': true,
    'webhook.certManager.cert.renewBefore': '2400h',
    'webhook.certManager.cert.revisionHistoryLimit': 3,
    'webhook.certManager.cert.privateKey': { algorithm: 'ECDSA', size: 256 },
    'webhook.certManager.cert.signatureAlgorithm': 'ECDSAWithSHA256',
    'webhook.certManager.cert.annotations': { a: 'b' },
  }),
  'cert-manager with a Certificate of the user': set({
    'webhook.certManager.enabled': true,
    'webhook.certManager.cert.create': false,
    'webhook.certManager.addInjectorAnnotations': false,
  }),
  'cert-manager that injects into CRDs': {
    values: nested({
      'webhook.certManager.enabled': true,
      'crds.conversion.enabled': true,
      'crds.annotations': { a: 'b' },
    }),
  },
  'three replicas': set(everywhere({ replicaCount: 3 })),
  'leader election tuned': set({
    leaderElect: true,
    leaderElectionID: 'mine',
    leaderElectionLeaseDuration: '30s',
    leaderElectionRenewDeadline: '20s',
    leaderElectionRetryPeriod: '5s',
  }),
  'strategies of the user': set(
    everywhere({ strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } } }),
  ),
  'budgets by minAvailable': set(
    everywhere({ 'podDisruptionBudget.enabled': true, 'podDisruptionBudget.minAvailable': 0 }),
  ),
  'budgets by maxUnavailable': set(
    everywhere({ 'podDisruptionBudget.enabled': true, 'podDisruptionBudget.maxUnavailable': '50%' }),
  ),
  'network policies': set(everywhere({ 'networkPolicy.enabled': true })),
  'network policies with a port and rules of the user': set({
    ...everywhere({
      'networkPolicy.enabled': true,
      'networkPolicy.egress': [{ ports: [{ port: 443 }] }],
      deploymentAnnotations: { a: 'b' },
    }),
    'webhook.port': 9443,
    'networkPolicy.ingress': [],
  }),
  'OpenShift found': set({}, { apiVersions: [OPENSHIFT] }),
  'OpenShift forced': set({
    'global.compatibility.openshift.adaptSecurityContext': 'force',
    ...everywhere({ 'podSecurityContext.fsGroup': 2000, 'podSecurityContext.seLinuxOptions': {} }),
    openshiftFinalizers: true,
  }),
  'OpenShift ignored': set(
    { 'global.compatibility.openshift.adaptSecurityContext': 'disabled' },
    { apiVersions: [OPENSHIFT] },
  ),
  'security contexts of the user': set(
    everywhere({
      'podSecurityContext.fsGroup': 2000,
      'securityContext.runAsUser': 65532,
      'securityContext.enabled': true,
    }),
  ),
  'no security contexts': set(everywhere({ 'podSecurityContext.enabled': false, 'securityContext.enabled': false })),
  'all probes': set({
    ...everywhere({ 'livenessProbe.enabled': true, 'readinessProbe.enabled': true }),
    'webhook.startupProbe.enabled': true,
    'certController.startupProbe.enabled': true,
    'webhook.livenessProbe.port': 'ready',
  }),
  'probes on a port of the user': set({
    'livenessProbe.enabled': true,
    'livenessProbe.spec.httpGet.port': 9999,
    'livenessProbe.spec.httpGet.scheme': 'HTTP',
    'readinessProbe.enabled': true,
    'readinessProbe.spec.httpGet.port': 9999,
    'webhook.readinessProbe.port': 9081,
    'webhook.readinessProbe.address': '0.0.0.0',
  }),
  'scheduling for all': set({
    'global.nodeSelector': { disk: 'ssd' },
    'global.tolerations': [{ key: 'a', operator: 'Exists' }],
    'global.topologySpreadConstraints': spread,
    'global.affinity': affinity,
    'global.hostAliases': [{ ip: '10.0.0.9', hostnames: ['vault.internal'] }],
    'global.podLabels': { a: 'b' },
    'global.podAnnotations': { a: 'b' },
    'global.imagePullSecrets': [{ name: 'registry' }],
    'global.repository': 'registry.example/mirror/external-secrets',
  }),
  'scheduling for each': set(
    everywhere({
      nodeSelector: { disk: 'ssd' },
      tolerations: [{ key: 'a', operator: 'Exists' }],
      topologySpreadConstraints: spread,
      affinity,
      hostAliases: [{ ip: '10.0.0.9', hostnames: ['vault.internal'] }],
      priorityClassName: 'system-cluster-critical',
      schedulerName: 'mine',
      hostNetwork: true,
      hostUsers: true,
      podLabels: { a: 'b' },
      podAnnotations: { a: 'b' },
      imagePullSecrets: [{ name: 'registry' }],
    }),
  ),
  'images of the user': set(
    everywhere({
      'image.repository': 'registry.example/external-secrets',
      'image.tag': 'v9',
      'image.flavour': 'ubi',
      'image.pullPolicy': 'Always',
    }),
  ),
  'accounts of the user': set(
    everywhere({
      'serviceAccount.create': false,
      'serviceAccount.name': 'mine',
      'serviceAccount.automount': false,
    }),
  ),
  'IRSA and Workload Identity': set({
    'serviceAccount.annotations': { 'eks.amazonaws.com/role-arn': 'arn:aws:iam::111122223333:role/eso' },
    'serviceAccount.extraLabels': { 'azure.workload.identity/use': 'true' },
    systemAuthDelegator: true,
    'rbac.serviceAccountTokenCreate': false,
    openshiftFinalizers: false,
  }),
  'flags of the user': set(
    everywhere({
      extraArgs: {
        'zap-time-encoding': 'iso8601',
        'client-qps': 1000000,
        bare: null,
        empty: '',
        'enable-flood-gate': false,
      },
    }),
  ),
  'containers and volumes of the user': set({
    ...everywhere({
      extraEnv: [{ name: 'HTTPS_PROXY', value: 'http://proxy:3128' }],
      extraVolumes: volume,
      extraVolumeMounts: mount,
      extraInitContainers: init,
      resources: { requests: { cpu: '10m', memory: '64Mi' }, limits: { memory: '256Mi' } },
      runtimeClassName: 'gvisor',
    }),
    extraContainers: sidecar,
    dnsPolicy: 'None',
    dnsConfig: { nameservers: ['10.0.0.10'] },
    podSpecExtra: { terminationGracePeriodSeconds: 60 },
  }),
  'objects of the user': set({
    extraObjects: [
      { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: '{{ .Release.Name }}-extra' }, data: { a: 'b' } },
      'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {{ .Release.Name }}-text\n',
    ],
  }),
  'generic targets': set({
    'genericTargets.enabled': true,
    'genericTargets.resources': [{ apiGroup: 'apps', resources: ['deployments'], verbs: ['get', 'update'] }],
  }),
  'everything said about the controller': set({
    controllerClass: 'mine',
    storeRequeueInterval: '1m',
    extendedMetricLabels: true,
    enableHTTP2: true,
    'vault.enableTokenCache': true,
    concurrent: 10,
    'log.level': 'debug',
    'log.timeEncoding': 'rfc3339',
    revisionHistoryLimit: 0,
  }),
  'two address families': set({ 'service.ipFamilyPolicy': 'PreferDualStack', 'service.ipFamilies': ['IPv4'] }),
  'a load balancer before the webhook': set({
    'webhook.service.type': 'LoadBalancer',
    'webhook.service.loadBalancerIP': '10.0.0.9',
    'webhook.service.labels': { a: 'b' },
    'webhook.service.annotations': { a: 'b' },
    'webhook.failurePolicy': 'Ignore',
    'webhook.annotations': { a: 'b' },
    'webhook.secretAnnotations': { a: 'b' },
    'webhook.lookaheadInterval': '720h',
  }),
};
