/**
 * moto behind a proxy that counts actions and can deny or throttle them, which moto itself cannot. All accounts look
 * like one: moto would keep what a role of another account sees apart from what the test put there.
 */
import type { AwsBackend } from '../integration/env.ts';
import { awsError } from './aws-errors.ts';
import type { AwsFault } from './aws-errors.ts';
import { HttpProxy } from './http-proxy.ts';
import type { CannedAnswer, SeenRequest } from './http-proxy.ts';

const REGION = 'eu-central-1';
const ACCOUNT = '123456789012';

interface ActiveFault {
  readonly action: string;
  readonly fault: AwsFault;
  /** Part of the request's body, e.g. a secret's name; undefined: every call. */
  readonly match: string | undefined;
}

export class MotoBackend implements AwsBackend {
  readonly #moto: string;
  readonly #proxy: HttpProxy;
  readonly #faults: ActiveFault[] = [];
  readonly #calls = new Map<string, number>();

  constructor(moto: string) {
    this.#moto = moto;
    const addHeaders = { 'x-moto-account-id': ACCOUNT };
    this.#proxy = new HttpProxy({ target: moto, onRequest: (seen) => this.#onRequest(seen), addHeaders });
  }

  get endpoint(): string {
    return this.#proxy.url;
  }

  /** Starts with nothing stored. */
  async start(): Promise<void> {
    await fetch(`${this.#moto}/moto-api/reset`, { method: 'POST' });
    await this.#proxy.start();
  }

  stop(): Promise<void> {
    return this.#proxy.stop();
  }

  async putSecret(name: string, value: string | Uint8Array, options: { tags?: Record<string, string> } = {}) {
    const content =
      typeof value === 'string' ? { SecretString: value } : { SecretBinary: Buffer.from(value).toString('base64') };
    const token = { ClientRequestToken: crypto.randomUUID() };
    const Tags = tagList(options.tags);
    const made = await this.#call('secretsmanager.CreateSecret', { Name: name, ...content, ...token, Tags });
    if (made.ok) return;
    await this.#must('secretsmanager.PutSecretValue', { SecretId: name, ...content, ...token });
    if (Tags.length > 0) await this.#must('secretsmanager.TagResource', { SecretId: name, Tags });
  }

  async deleteSecret(name: string) {
    await this.#must('secretsmanager.DeleteSecret', { SecretId: name, ForceDeleteWithoutRecovery: true });
  }

  async putParameter(name: string, value: string, options: { type?: 'String' | 'SecureString' | 'StringList' } = {}) {
    const Type = options.type ?? 'String';
    await this.#must('AmazonSSM.PutParameter', { Name: name, Value: value, Type, Overwrite: true });
  }

  /** moto checks no signatures: any key pair is good. */
  async addAccessKey() {}

  /** moto checks no trust policies: anybody may assume any role. Deny `AssumeRole` with `fault`. */
  async trustRole() {}

  async calls() {
    return new Map(this.#calls);
  }

  async resetCalls() {
    this.#calls.clear();
  }

  async fault(action: string, fault: AwsFault, match?: string) {
    this.#faults.push({ action, fault, match });
  }

  async heal() {
    this.#faults.length = 0;
  }

  #onRequest(seen: SeenRequest): CannedAnswer | undefined {
    const { action, protocol } = actionOf(seen);
    this.#calls.set(action, (this.#calls.get(action) ?? 0) + 1);
    const text = protocol === 'query' ? decodeURIComponent(seen.body.toString()) : seen.body.toString();
    const hit = this.#faults.find((f) => f.action === action && (f.match === undefined || text.includes(f.match)));
    return hit === undefined ? undefined : awsError(hit.fault, action, protocol);
  }

  async #must(target: string, body: object): Promise<void> {
    const answer = await this.#call(target, body);
    if (!answer.ok) throw new Error(`moto answered ${answer.status} to ${target}: ${await answer.text()}`);
  }

  /** Straight to moto, so that what a test puts there is not counted. */
  #call(target: string, body: object): Promise<Response> {
    const service = target.startsWith('AmazonSSM') ? 'ssm' : 'secretsmanager';
    const scope = `test/20300101/${REGION}/${service}/aws4_request`;
    return fetch(this.#moto, {
      method: 'POST',
      body: JSON.stringify(body),
      headers: {
        'content-type': 'application/x-amz-json-1.1',
        'x-amz-target': target,
        'x-moto-account-id': ACCOUNT,
        authorization: `AWS4-HMAC-SHA256 Credential=${scope}, SignedHeaders=host, Signature=0`,
      },
    });
  }
}

/** The action's name: after the dot of `X-Amz-Target`, or the form field `Action` (STS). */
function actionOf(seen: SeenRequest): { action: string; protocol: 'json' | 'query' } {
  const target = seen.headers['x-amz-target'];
  if (typeof target === 'string') return { action: target.slice(target.lastIndexOf('.') + 1), protocol: 'json' };
  return { action: new URLSearchParams(seen.body.toString()).get('Action') ?? 'unknown', protocol: 'query' };
}

function tagList(tags: Readonly<Record<string, string>> = {}): { Key: string; Value: string }[] {
  return Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));
}
