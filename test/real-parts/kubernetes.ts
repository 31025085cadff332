/**
 * kube-apiserver and kube-controller-manager. The API server makes its own serving certificate and knows one token with
 * all rights, so no certificate tool is needed; everybody else uses ServiceAccount tokens, which are real.
 */
import { generateKeyPairSync } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { get } from 'node:https';
import { join } from 'node:path';
import { auditFiles, type AuditFiles } from './audit.ts';
import { ManagedProcess } from './processes.ts';

export interface ApiServerFiles {
  readonly folder: string;
  /** PEM bundle that proves the API server's certificate; exists once it has started. */
  readonly ca: string;
  readonly serviceAccountKey: string;
  readonly tokens: string;
  readonly audit: AuditFiles;
  readonly log: string;
}

/** Writes what must exist before the first start. `adminToken` gets the rights of `system:masters`. */
export function apiServerFiles(folder: string, adminToken: string): ApiServerFiles {
  const certificates = join(folder, 'kube-apiserver');
  mkdirSync(certificates, { recursive: true });
  const serviceAccountKey = join(folder, 'service-account.key');
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  writeFileSync(serviceAccountKey, privateKey.export({ type: 'pkcs1', format: 'pem' }), { mode: 0o600 });
  const tokens = join(folder, 'tokens.csv');
  writeFileSync(tokens, `${adminToken},admin,admin,"system:masters"\n`, { mode: 0o600 });
  const ca = join(certificates, 'apiserver.crt');
  const log = join(folder, 'kube-apiserver.log');
  return { folder: certificates, ca, serviceAccountKey, tokens, audit: auditFiles(folder), log };
}

export interface ApiServerOptions {
  readonly port: number;
  readonly etcd: string;
  readonly adminToken: string;
  /** Default 127.0.0.1. */
  readonly bind?: string;
  readonly args?: readonly string[];
}

export function apiServer(binary: string, files: ApiServerFiles, options: ApiServerOptions): ManagedProcess {
  const server = `https://127.0.0.1:${options.port}`;
  return new ManagedProcess({
    name: 'kube-apiserver',
    command: binary,
    args: [
      `--etcd-servers=${options.etcd}`,
      `--secure-port=${options.port}`,
      `--bind-address=${options.bind ?? '127.0.0.1'}`,
      '--advertise-address=127.0.0.1',
      `--cert-dir=${files.folder}`,
      `--token-auth-file=${files.tokens}`,
      `--service-account-key-file=${files.serviceAccountKey}`,
      `--service-account-signing-key-file=${files.serviceAccountKey}`,
      '--service-account-issuer=https://kubernetes.default.svc',
      '--authorization-mode=RBAC',
      '--service-cluster-ip-range=10.0.0.0/24',
      '--endpoint-reconciler-type=none',
      '--disable-admission-plugins=TaintNodesByCondition,Priority,DefaultTolerationSeconds',
      // Proves the `/finalizers` rules of our RBAC: without them owner references that block deletion are refused.
      '--enable-admission-plugins=OwnerReferencesPermissionEnforcement',
      `--audit-policy-file=${files.audit.policy}`,
      `--audit-log-path=${files.audit.log}`,
      '--profiling=false',
      ...(options.args ?? []),
    ],
    log: files.log,
    ready: async () => (await statusOf(`${server}/readyz`, files.ca, options.adminToken)) === 200,
  });
}

export function controllerManager(
  binary: string,
  folder: string,
  options: { readonly kubeconfig: string; readonly files: ApiServerFiles; readonly ready: () => Promise<boolean> },
): ManagedProcess {
  const controllers = [
    'garbage-collector-controller',
    'namespace-controller',
    'serviceaccount-controller',
    'serviceaccount-token-controller',
    'root-ca-certificate-publisher-controller',
    'clusterrole-aggregation-controller',
    'deployment-controller',
    'replicaset-controller',
    'endpointslice-controller',
  ];
  return new ManagedProcess({
    name: 'kube-controller-manager',
    command: binary,
    args: [
      `--kubeconfig=${options.kubeconfig}`,
      `--service-account-private-key-file=${options.files.serviceAccountKey}`,
      `--root-ca-file=${options.files.ca}`,
      '--use-service-account-credentials=true',
      '--leader-elect=false',
      '--secure-port=0',
      `--controllers=${controllers.join(',')}`,
    ],
    log: join(folder, 'kube-controller-manager.log'),
    ready: options.ready,
  });
}

/** A kubeconfig with one cluster and one user. JSON is YAML. `auth` is the user's part, e.g. `{ token }` or `{ tokenFile }`. */
export function kubeconfig(server: string, caFile: string, auth: Readonly<Record<string, string>>): string {
  const ca = readFileSync(caFile).toString('base64');
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'real', cluster: { server, 'certificate-authority-data': ca } }],
    users: [{ name: 'user', user: auth }],
    contexts: [{ name: 'real', context: { cluster: 'real', user: 'user' } }],
    'current-context': 'real',
  });
}

/** The HTTP status of a GET with a token. */
export function statusOf(url: string, caFile: string, token: string): Promise<number> {
  const ca = readFileSync(caFile);
  return new Promise((resolve, reject) => {
    const request = get(url, { ca, agent: false, timeout: 5000, headers: { authorization: `Bearer ${token}` } });
    request.once('response', (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    });
    request.once('timeout', () => request.destroy(new Error('timed out')));
    request.once('error', reject);
  });
}
