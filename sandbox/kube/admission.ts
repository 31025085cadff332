/**
 * Calls the webhooks of stored ValidatingWebhookConfigurations, as kube-apiserver does after defaulting: every webhook
 * that matches is asked, each failure is judged by its failurePolicy.
 */
import { randomUUID } from 'node:crypto';
import { request as httpRequest } from 'node:http';
import { request as httpsRequest, type RequestOptions } from 'node:https';
import type { Admission, AdmissionRequest, Cluster } from './cluster.ts';
import { tableOf } from './cluster.ts';
import type { Json, JsonObject } from './json.ts';
import { isObject, listAt, objectAt, plainText, textAt } from './json.ts';
import { groupVersion } from './kinds/kind.ts';
import { matchesLabelSelector } from './selectors.ts';
import { StatusError, internalError } from './status.ts';

export class WebhookAdmission implements Admission {
  /** Set once the cluster exists: the webhooks are objects of it. */
  #cluster: Cluster | undefined;

  attach(cluster: Cluster): void {
    this.#cluster = cluster;
  }

  async review(request: AdmissionRequest): Promise<void> {
    const cluster = this.#cluster;
    if (cluster === undefined || request.kind.group === 'admissionregistration.k8s.io') return;
    const matching = webhooksOf(cluster).filter((webhook) => matches(cluster, webhook, request));
    await Promise.all(matching.map((webhook) => ask(cluster, webhook, request)));
  }
}

const CONFIGURATIONS = { group: 'admissionregistration.k8s.io', plural: 'validatingwebhookconfigurations' };

function webhooksOf(cluster: Cluster): readonly JsonObject[] {
  return [...tableOf(cluster, CONFIGURATIONS).entries()].flatMap((entry) =>
    listAt(entry.object, 'webhooks').filter(isObject),
  );
}

function matches(cluster: Cluster, webhook: JsonObject, request: AdmissionRequest): boolean {
  const object = request.object ?? request.oldObject ?? {};
  return (
    listAt(webhook, 'rules').some((rule) => matchesRule(rule, request)) &&
    (matchesLabelSelector(objectAt(webhook, 'objectSelector'), objectAt(object, 'metadata', 'labels')) ||
      matchesLabelSelector(objectAt(webhook, 'objectSelector'), objectAt(request.oldObject, 'metadata', 'labels'))) &&
    matchesNamespace(cluster, objectAt(webhook, 'namespaceSelector'), request)
  );
}

function matchesNamespace(cluster: Cluster, selector: JsonObject, request: AdmissionRequest): boolean {
  const isNamespace = request.kind.kind === 'Namespace' && request.kind.group === '';
  if (!request.kind.namespaced && !isNamespace) return true;
  const name = isNamespace ? request.name : request.namespace;
  const labels = objectAt(
    tableOf(cluster, { group: '', plural: 'namespaces' }).get('', name)?.object,
    'metadata',
    'labels',
  );
  return matchesLabelSelector(selector, labels);
}

/** matchPolicy Equivalent: any served version of the same resource counts, whatever version the request used. */
function matchesRule(rule: Json, request: AdmissionRequest): boolean {
  const has = (member: string, ...wanted: readonly string[]): boolean => {
    const list = listAt(rule, member);
    return list.includes('*') || wanted.some((item) => list.includes(item));
  };
  const { kind, subresource } = request;
  const resource = subresource === '' ? kind.plural : `${kind.plural}/${subresource}`;
  const wild = subresource === '' ? [] : [`${kind.plural}/*`, `*/${subresource}`, '*/*'];
  const scope = textAt(rule, 'scope') ?? '*';
  const resources = listAt(rule, 'resources');
  return (
    has('operations', request.operation) &&
    has('apiGroups', kind.group) &&
    has('apiVersions', request.version, ...kind.versions.map((version) => version.name)) &&
    (resources.includes(resource) ||
      (resources.includes('*') && subresource === '') ||
      wild.some((item) => resources.includes(item))) &&
    (scope === '*' || (scope === 'Namespaced') === kind.namespaced)
  );
}

async function ask(cluster: Cluster, webhook: JsonObject, request: AdmissionRequest): Promise<void> {
  const name = textAt(webhook, 'name') ?? '';
  const answer = await call(cluster, webhook, reviewOf(request)).catch((error: unknown) => {
    if (webhook['failurePolicy'] === 'Ignore') return undefined;
    const why = error instanceof Error ? error.message : String(error);
    throw internalError(`failed calling webhook ${JSON.stringify(name)}: failed to call webhook: ${why}`);
  });
  if (answer === undefined) return;
  const response = objectAt(answer, 'response');
  for (const warning of listAt(response, 'warnings')) request.warnings.push(plainText(warning));
  if (response['allowed'] !== true) throw denial(name, objectAt(response, 'status'));
}

function denial(name: string, status: JsonObject): StatusError {
  const said = textAt(status, 'message') ?? textAt(status, 'reason');
  const message = `admission webhook ${JSON.stringify(name)} denied the request${said === undefined ? ' without explanation' : `: ${said}`}`;
  const code = typeof status['code'] === 'number' && status['code'] >= 400 ? status['code'] : 403;
  const details = isObject(status['details']) ? { details: status['details'] } : {};
  return new StatusError({
    code,
    reason: textAt(status, 'reason') ?? (code === 403 ? 'Forbidden' : ''),
    message,
    ...details,
  });
}

function reviewOf(request: AdmissionRequest): JsonObject {
  const { kind } = request;
  const gvk = { group: kind.group, version: request.version, kind: kind.kind };
  const gvr = { group: kind.group, version: request.version, resource: kind.plural };
  const served = (object: JsonObject | undefined): Json =>
    object === undefined ? null : { ...object, apiVersion: groupVersion(kind.group, request.version) };
  return {
    kind: 'AdmissionReview',
    apiVersion: 'admission.k8s.io/v1',
    request: {
      uid: randomUUID(),
      kind: gvk,
      resource: gvr,
      requestKind: gvk,
      requestResource: gvr,
      ...(request.subresource === ''
        ? {}
        : { subResource: request.subresource, requestSubResource: request.subresource }),
      name: request.name,
      ...(request.namespace === '' ? {} : { namespace: request.namespace }),
      operation: request.operation,
      userInfo: request.user as unknown as Json,
      object: served(request.object),
      oldObject: served(request.oldObject),
      dryRun: request.dryRun,
      options: null,
    },
  };
}

/** Where a webhook is called. */
interface Address {
  readonly url: URL;
  /** Whom the certificate must name; undefined: the host of the URL. */
  readonly serverName: string | undefined;
}

/** By its URL, or by a Service that is an ExternalName, as the real one does it. */
function addressOf(cluster: Cluster, webhook: JsonObject): Address {
  const client = objectAt(webhook, 'clientConfig');
  const direct = textAt(client, 'url');
  if (direct !== undefined) return { url: new URL(direct), serverName: undefined };
  const wanted = objectAt(client, 'service');
  const [namespace, name] = [textAt(wanted, 'namespace') ?? '', textAt(wanted, 'name') ?? ''];
  const service = tableOf(cluster, { group: '', plural: 'services' }).get(namespace, name)?.object;
  if (service === undefined) throw new Error(`service ${JSON.stringify(name)} not found`);
  const host = textAt(service, 'spec', 'externalName');
  if (host === undefined) throw new Error(`the sandbox reaches Services of type ExternalName only, not ${name}`);
  const port = typeof wanted['port'] === 'number' ? wanted['port'] : 443;
  const url = new URL(textAt(wanted, 'path') ?? '/', `https://${host}:${port}`);
  return { url, serverName: `${name}.${namespace}.svc` };
}

/** One POST with the webhook's own CA and timeout; resolves with the parsed AdmissionReview. */
async function call(cluster: Cluster, webhook: JsonObject, review: JsonObject): Promise<JsonObject> {
  const { url, serverName } = addressOf(cluster, webhook);
  const timeout = typeof webhook['timeoutSeconds'] === 'number' ? webhook['timeoutSeconds'] * 1000 : 10_000;
  url.searchParams.set('timeout', `${timeout / 1000}s`);
  const ca = textAt(objectAt(webhook, 'clientConfig'), 'caBundle');
  const options = {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    signal: AbortSignal.timeout(timeout),
    agent: false as const,
    ...(serverName === undefined ? {} : { servername: serverName }),
    ...(ca === undefined ? {} : { ca: Buffer.from(ca, 'base64').toString('utf8') }),
  };
  return post(url, options, review);
}

function post(url: URL, options: RequestOptions, review: JsonObject): Promise<JsonObject> {
  return new Promise((resolve, reject) => {
    const fail = (error: Error): void =>
      reject(new Error(`Post ${JSON.stringify(url.href)}: ${error.message}`, { cause: error }));
    const send = url.protocol === 'https:' ? httpsRequest : httpRequest;
    const request = send(url, options, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', fail);
      response.on('end', () => {
        try {
          resolve(JSON.parse(Buffer.concat(chunks).toString('utf8')) as JsonObject);
        } catch {
          fail(new Error(`expected an AdmissionReview, got status ${response.statusCode ?? 0}`));
        }
      });
    });
    request.on('error', fail);
    request.end(JSON.stringify(review));
  });
}
