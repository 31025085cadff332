/**
 * AWS on loopback: Secrets Manager, Parameter Store, STS and the logins of ECR behind one HTTP server, with signatures checked, sessions that expire
 * by the injected clock, and faults on demand.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { sleep, systemClock, type Clock } from '../../src/clock.ts';
import type { AwsBackend } from '../../test/integration/env.ts';
import { registryLogin } from './ecr.ts';
import { Faults, type FaultKind } from './faults.ts';
import { Identities, USER_ACCOUNT, type Principal, type Trust } from './identities.ts';
import type { PolicyDocument } from './iam.ts';
import { ParameterStore, type Parameter } from './parameter-store.ts';
import type { Secret } from './secret.ts';
import { SecretsManager } from './secrets-manager.ts';
import { parseAuthorization } from './signature.ts';
import { Sts } from './sts.ts';
import { AwsFault, parseRequest, reply, replyFault, text, type AwsRequest, type Json } from './wire.ts';

export interface SandboxAwsOptions {
  readonly clock: Clock;
  /** Default: any free one. */
  readonly port?: number;
  /** Real milliseconds that every answer takes. Default 0. */
  readonly latencyMs?: number;
}

/** One call as it came in, for tests that ask who did what. */
export interface RecordedCall {
  readonly action: string;
  /** ARN of who signed it; `anonymous` for web identity. */
  readonly principal: string;
  readonly region: string;
  readonly userAgent: string;
  readonly input: Json;
}

export const DEFAULT_REGION = 'eu-central-1';
const MOST_RECORDED = 10_000;
const UNSIGNED = new Set(['AssumeRoleWithWebIdentity']);

export async function startAws(options: SandboxAwsOptions): Promise<SandboxAws> {
  const aws = new SandboxAws(options);
  await aws.start();
  return aws;
}

export class SandboxAws implements AwsBackend {
  readonly #clock: Clock;
  readonly #identities: Identities;
  readonly #faults = new Faults();
  readonly #sts: Sts;
  readonly #secrets = new Map<string, SecretsManager>();
  readonly #parameters = new Map<string, ParameterStore>();
  #recorded: RecordedCall[] = [];
  #server: Server | undefined;
  #port: number;
  #latencyMs: number;

  constructor({ clock, port = 0, latencyMs = 0 }: SandboxAwsOptions) {
    this.#clock = clock;
    this.#port = port;
    this.#latencyMs = latencyMs;
    this.#identities = new Identities(clock);
    this.#sts = new Sts(this.#identities, clock);
  }

  get endpoint(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  /** The variables that lead our provider here, as `ProviderEnvironment.awsEndpoints`. */
  endpoints(): Readonly<Record<string, string>> {
    const { endpoint } = this;
    const names = ['SECRETSMANAGER', 'SSM', 'STS', 'ECR', 'ECR_PUBLIC'];
    return Object.fromEntries(names.map((name) => [`AWS_${name}_ENDPOINT`, endpoint]));
  }

  /** Listens, after `stop` on the same port again. Data survives. */
  async start(): Promise<void> {
    const server = createServer((message, response) => void this.#serve(message, response));
    server.keepAliveTimeout = 30_000;
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(this.#port, '127.0.0.1', resolve);
    });
    this.#port = (server.address() as AddressInfo).port;
    this.#server = server;
  }

  async stop(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    server?.closeAllConnections();
    await new Promise<void>((resolve) => (server === undefined ? resolve() : server.close(() => resolve())));
  }

  /** Keys that may sign. `user` names who they belong to. Replaces keys of the same id. */
  async addAccessKey(accessKeyId: string, secretAccessKey: string, user = 'robot'): Promise<void> {
    this.#identities.addAccessKey(accessKeyId, secretAccessKey, user);
  }

  /** False after `stop`. */
  get running(): boolean {
    return this.#server !== undefined;
  }

  /** All sessions that STS gave out are over now, whatever they were promised. */
  expireSessions(): void {
    this.#identities.expireSessions();
  }

  removeAccessKey(accessKeyId: string): void {
    this.#identities.removeAccessKey(accessKeyId);
  }

  /** The role's trust policy. A role without one may be assumed by anybody who has keys or a token. */
  async trustRole(arn: string, trust: Trust = {}): Promise<void> {
    this.#identities.trustRole(arn, trust);
  }

  /** From now on a user (see `addAccessKey`) may do only what these policies allow; without any, everything. STS is open to all. */
  restrictUser(user: string, policies: readonly PolicyDocument[] | undefined): void {
    this.#faults.restrict(`arn:aws:iam::${USER_ACCOUNT}:user/${user}`, policies);
  }

  /** The same for a role that somebody assumed, whoever that is. */
  restrictRole(arn: string, policies: readonly PolicyDocument[] | undefined): void {
    this.#faults.restrict(arn, policies);
  }

  /** A secret as it is stored, for tests that look behind the API. */
  secret(name: string, region = DEFAULT_REGION): Secret | undefined {
    return this.#secretsIn(region).peek(name);
  }

  parameter(name: string, region = DEFAULT_REGION): Parameter | undefined {
    return this.#parametersIn(region).peek(name);
  }

  setLatency(ms: number): void {
    this.#latencyMs = ms;
  }

  async putSecret(
    name: string,
    value: string | Uint8Array,
    options: { tags?: Record<string, string>; region?: string } = {},
  ): Promise<void> {
    this.#secretsIn(options.region ?? DEFAULT_REGION).put(name, value, options.tags);
  }

  /** Gone at once, without a recovery window. */
  async deleteSecret(name: string, region = DEFAULT_REGION): Promise<void> {
    this.#secretsIn(region).remove(name);
  }

  async putParameter(
    name: string,
    value: string,
    options: { type?: 'String' | 'SecureString' | 'StringList'; region?: string; label?: string } = {},
  ): Promise<void> {
    const parameters = this.#parametersIn(options.region ?? DEFAULT_REGION);
    parameters.put(name, value, options.type ?? 'String');
    if (options.label !== undefined) parameters.label(name, options.label);
  }

  async deleteParameter(name: string, region = DEFAULT_REGION): Promise<void> {
    this.#parametersIn(region).remove(name);
  }

  async calls(): Promise<ReadonlyMap<string, number>> {
    return this.#faults.calls();
  }

  async resetCalls(): Promise<void> {
    this.#faults.resetCalls();
    this.#recorded = [];
  }

  /** Every call since the last `resetCalls()`, oldest first, the last ten thousand of them. */
  recorded(): readonly RecordedCall[] {
    return this.#recorded;
  }

  async fault(action: string, fault: FaultKind, match?: string): Promise<void> {
    this.#faults.add(action, fault, match);
  }

  async heal(): Promise<void> {
    this.#faults.heal();
  }

  async #serve(message: IncomingMessage, response: ServerResponse): Promise<void> {
    let service: AwsRequest['service'] = 'secretsmanager';
    try {
      const request = await parseRequest(message);
      service = request.service;
      if (this.#latencyMs > 0) await sleep(systemClock, this.#latencyMs);
      reply(response, request, this.#answer(request));
    } catch (error) {
      if (response.destroyed) return;
      const fault = error instanceof AwsFault ? error : new AwsFault('InternalFailure', String(error), 500);
      replyFault(response, service, fault);
    }
  }

  #answer(request: AwsRequest): Json {
    const { service, action, input } = request;
    this.#faults.count(action);
    const principal = UNSIGNED.has(action) ? undefined : this.#identities.authenticate(request);
    const region = principal?.region ?? parseAuthorization(request)?.region ?? DEFAULT_REGION;
    this.#record(request, principal, region);
    const permit = (permitted: string, resource: string, tags?: ReadonlyMap<string, string>): void =>
      this.#faults.check({
        tags,
        service,
        action: permitted,
        principal,
        resource,
        request: permitted === action ? input : {},
      });
    if (service === 'sts') {
      permit(action, text(input, 'RoleArn') ?? '');
      return this.#sts.call(action, input, principal);
    }
    if (service === 'ecr' || service === 'ecr-public') {
      permit(action, '*');
      return registryLogin(service, action, region, this.#clock.now());
    }
    const backend = service === 'ssm' ? this.#parametersIn(region) : this.#secretsIn(region);
    return backend.call(action, input, permit);
  }

  #record({ action, headers, input }: AwsRequest, principal: Principal | undefined, region: string): void {
    const userAgent = headers['user-agent'] ?? '';
    this.#recorded.push({ action, principal: principal?.arn ?? 'anonymous', region, userAgent, input });
    if (this.#recorded.length > MOST_RECORDED) this.#recorded.splice(0, this.#recorded.length - MOST_RECORDED);
  }

  #secretsIn(region: string): SecretsManager {
    const known = this.#secrets.get(region) ?? new SecretsManager(this.#clock, region, USER_ACCOUNT);
    this.#secrets.set(region, known);
    return known;
  }

  #parametersIn(region: string): ParameterStore {
    const known = this.#parameters.get(region) ?? new ParameterStore(this.#clock, region, USER_ACCOUNT);
    this.#parameters.set(region, known);
    return known;
  }
}
