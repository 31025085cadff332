/** A test's Secrets Manager to push to: an AWS of its own, sessions with it, and what is stored and was called. */
import { after, before, beforeEach } from 'node:test';
import { startAws, type SandboxAws } from '../../../sandbox/aws/server.ts';
import { WarpClock } from '../../../test/builders/warp-clock.ts';
import { openAws } from '../../../test/conformance/aws.ts';
import { pushOf } from '../../../test/conformance/push.ts';
import type { Push, PushOutcome, SecretsClient } from '../provider.ts';

type Spec = Readonly<Record<string, unknown>>;

const { signal } = new AbortController();

export class SecretsManagerWorld {
  readonly clock = new WarpClock();
  #aws: SandboxAws | undefined;
  #keys = 0;

  /** To be made inside `describe`: it starts and ends with its tests, and heals before each. */
  constructor() {
    before(async () => {
      this.#aws = await startAws({ clock: this.clock });
      await this.#aws.addAccessKey('AKIAROBOT', 'robot-secret');
    });
    after(() => this.#aws?.stop());
    beforeEach(async () => {
      await this.aws.heal();
      await this.aws.resetCalls();
    });
  }

  get aws(): SandboxAws {
    if (this.#aws === undefined) throw new Error('the tests have not begun');
    return this.#aws;
  }

  newKey(): string {
    return `push-${this.#keys++}`;
  }

  open(spec: Spec = {}): Promise<SecretsClient> {
    return openAws(this.aws, this.clock, spec);
  }

  async send(push: Push, spec: Spec = {}): Promise<PushOutcome> {
    return (await this.open(spec)).push!(push, signal);
  }

  /** Pushes the text `value` with this metadata. */
  text(key: string, value: string, metadata?: unknown, spec: Spec = {}): Promise<PushOutcome> {
    return this.send(pushOf(key, { a: value }, [['a', undefined, metadata]]), spec);
  }

  async remove(key: string, property?: string, spec: Spec = {}): Promise<void> {
    const client = await this.open(spec);
    await client.remove!({ remoteKey: key, entries: [{ secretKey: 'a', property, metadata: undefined }] }, signal);
  }

  /** The current version as it is stored. */
  current(key: string): { SecretString: string } | { SecretBinary: string } | undefined {
    const versions = [...(this.aws.secret(key)?.versions.values() ?? [])];
    return versions.find(({ stages }) => stages.has('AWSCURRENT'))?.value;
  }

  /** What was called in this test. */
  actions(): readonly string[] {
    return this.aws.recorded().map(({ action }) => action);
  }

  /** What the last call of that action said. */
  inputOf(action: string): Spec | undefined {
    return this.aws.recorded().findLast((call) => call.action === action)?.input;
  }
}
