/**
 * The sandbox's Kubernetes API server: plain HTTP on loopback, state in memory, the behaviour of kube-apiserver 1.36 as
 * far as our suite and kubectl need it. What it does not do it answers with 501, naming itself.
 */
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Clock } from '../../src/clock.ts';
import { WebhookAdmission } from './admission.ts';
import { Tokens } from './auth/tokens.ts';
import { ADMIN } from './auth/users.ts';
import { DefinitionController } from './background/definitions.ts';
import { GarbageCollector } from './background/garbage.ts';
import { NamespaceController } from './background/namespaces.ts';
import { SystemWriter } from './background/system-writer.ts';
import { UnsupportedRule } from './cel/rule.ts';
import type { Authorizer, Cluster } from './cluster.ts';
import { checkedInDefinitions } from './definitions.ts';
import { Faults } from './faults.ts';
import type { Answer } from './handler.ts';
import { Handler } from './handler.ts';
import type { JsonObject } from './json.ts';
import { CORE_KINDS } from './kinds/core.ts';
import { kubeconfigText } from './kubeconfig.ts';
import { Registry } from './registry.ts';
import { readBody } from './request.ts';
import type { Terms } from './rest/target.ts';
import { Watch } from './rest/watch.ts';
import { create } from './rest/write.ts';
import { NoSuchPath, StatusError, notImplemented } from './status.ts';
import { Storage } from './storage.ts';

export interface KubeOptions {
  readonly clock: Clock;
  /** Default: any free port. */
  readonly port?: number;
  /** CustomResourceDefinitions to start with. Default: those checked in under `crds/`. */
  readonly crds?: readonly JsonObject[];
  /** Changes remembered per resource before old ones are forgotten. Default 5000. */
  readonly history?: number;
}

/** One request the server saw. */
export interface LoggedRequest {
  readonly method: string;
  /** Path with query. */
  readonly path: string;
  /** 0 while it is being answered, or when it never was. */
  status: number;
}

export interface SandboxKube {
  /** `http://127.0.0.1:PORT` */
  readonly url: string;
  readonly faults: Faults;
  kubeconfig(): string;
  /** All requests since the start or the last {@link resetRequests}. */
  requests(): readonly LoggedRequest[];
  resetRequests(): void;
  /** Decides what is allowed, for requests and access reviews alike. Default: everything. */
  authorize(authorizer: Authorizer): void;
  stop(): Promise<void>;
}

/** @throws UnsupportedRule when a definition holds a validation rule the sandbox cannot judge; it is named. */
export async function startKube(options: KubeOptions): Promise<SandboxKube> {
  const admission = new WebhookAdmission();
  const cluster: Cluster = {
    clock: options.clock,
    storage: new Storage(options.history),
    registry: new Registry(CORE_KINDS),
    admission,
    authorize: () => true,
  };
  admission.attach(cluster);
  startControllers(cluster);
  await populate(cluster, options.crds ?? checkedInDefinitions());
  const server = new KubeServer(cluster, await Tokens.create());
  await server.listen(options.port ?? 0);
  return server;
}

function startControllers(cluster: Cluster): void {
  const writer = new SystemWriter(cluster);
  const controllers = [
    new GarbageCollector(cluster, writer),
    new NamespaceController(cluster, writer),
    new DefinitionController(cluster, writer),
  ];
  cluster.storage.listen((table, change) => {
    for (const controller of controllers) controller.observe(table, change);
  });
}

async function populate(cluster: Cluster, definitions: readonly JsonObject[]): Promise<void> {
  const terms: Terms = {
    manager: 'kube-apiserver',
    dryRun: false,
    fieldValidation: 'Ignore',
    warnings: [],
    user: ADMIN,
  };
  const add = async (group: string, plural: string, object: JsonObject): Promise<void> => {
    const served = cluster.registry.find(group, 'v1', plural);
    await create(cluster, { ...served, namespace: '', name: '', subresource: '' }, object, terms);
  };
  for (const name of ['default', 'kube-system', 'kube-public', 'kube-node-lease'])
    await add('', 'namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
  for (const definition of definitions) await add('apiextensions.k8s.io', 'customresourcedefinitions', definition);
  cluster.storage.compact();
}

class KubeServer implements SandboxKube {
  readonly faults: Faults;
  readonly #cluster: Cluster;
  readonly #handler: Handler;
  #server: Server | undefined;
  #port = 0;
  #requests: LoggedRequest[] = [];

  constructor(cluster: Cluster, tokens: Tokens) {
    this.#cluster = cluster;
    this.#handler = new Handler(cluster, tokens);
    this.faults = new Faults({
      clock: cluster.clock,
      compact: () => cluster.storage.compact(),
      stop: () => this.stop(),
      start: () => this.listen(this.#port),
    });
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  kubeconfig(): string {
    return kubeconfigText(this.url);
  }

  requests(): readonly LoggedRequest[] {
    return this.#requests;
  }

  resetRequests(): void {
    this.#requests = [];
  }

  authorize(authorizer: Authorizer): void {
    this.#cluster.authorize = authorizer;
  }

  async listen(port: number): Promise<void> {
    if (this.#server !== undefined) return;
    const server = createServer(
      { keepAliveTimeout: 60_000 },
      (request, response) => void this.#serve(request, response),
    );
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(port, '127.0.0.1', resolve);
    });
    this.#server = server;
    this.#port = (server.address() as AddressInfo).port;
  }

  async stop(): Promise<void> {
    const server = this.#server;
    if (server === undefined) return;
    this.#server = undefined;
    const closed = new Promise((resolve) => server.close(resolve));
    server.closeAllConnections();
    await closed;
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = 'GET', url: path = '/' } = request;
    const logged: LoggedRequest = { method, path, status: 0 };
    this.#requests.push(logged);
    response.on('finish', () => (logged.status = response.statusCode));
    try {
      const body = await readBody(request);
      if (await this.faults.intercept(method, path, response)) return;
      const answer = await this.#handler.handle({
        method,
        url: new URL(path, 'http://sandbox'),
        headers: request.headers,
        body,
      });
      this.#send(response, answer, path, logged);
    } catch (error) {
      sendError(response, error);
    }
  }

  #send(response: ServerResponse, answer: Answer, path: string, logged: LoggedRequest): void {
    for (const warning of answer.warnings) response.appendHeader('warning', `299 - ${JSON.stringify(warning)}`);
    if (answer.type === 'body') {
      response.writeHead(answer.status, { 'content-type': answer.contentType, 'cache-control': 'no-cache, private' });
      response.end(answer.body);
      return;
    }
    response.writeHead(200, { 'content-type': 'application/json', 'cache-control': 'no-cache, private' });
    response.flushHeaders();
    logged.status = 200;
    this.#stream(response, answer, path);
  }

  #stream(response: ServerResponse, answer: Answer & { type: 'watch' }, path: string): void {
    let mayWrite = (): boolean => true;
    const watch = new Watch(this.#cluster, answer.request, {
      write: (line) => void (mayWrite() && response.write(line)),
      end: () => void (mayWrite() && response.end()),
    });
    const open = this.faults.opened(watch, response, path);
    mayWrite = open.mayWrite;
    response.on('close', () => {
      watch.stop();
      open.close();
    });
    watch.start();
  }
}

function sendError(response: ServerResponse, error: unknown): void {
  if (response.headersSent || response.destroyed) {
    response.destroy();
    return;
  }
  const status = statusOf(error);
  if (status instanceof NoSuchPath) {
    response.writeHead(404, { 'content-type': 'text/plain' }).end(status.text);
    return;
  }
  for (const warning of status.warnings) response.appendHeader('warning', `299 - ${JSON.stringify(warning)}`);
  response.writeHead(status.code, { 'content-type': 'application/json' }).end(JSON.stringify(status.toJson()));
}

function statusOf(error: unknown): StatusError {
  if (error instanceof StatusError) return error;
  if (error instanceof UnsupportedRule) return notImplemented(`this validation rule: ${error.message}`);
  const what = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return new StatusError({ code: 500, reason: 'InternalError', message: `the sandbox failed: ${what}` });
}
