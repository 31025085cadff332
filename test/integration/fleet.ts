/** A dozen ExternalSecrets of one backend, for tests that break something: afterwards everything is in step within a minute. */
import assert from 'node:assert/strict';
import { externalSecrets } from '../../src/api/resources.ts';
import {
  aws,
  entry,
  externalSecret,
  from,
  into,
  refreshEvery,
  secret,
  secretStore,
  vault,
} from '../builders/objects.ts';
import type { Env } from './env.ts';
import { dataOf, secretOf } from './views.ts';

export const MANY = Array.from({ length: 12 }, (_, index) => `db-${index}`);

/** ExternalSecrets that refresh each 30 s (on the real parts, where it is waited for, each 10 s) under the most dangerous policy, with their values at one backend. */
export interface Fleet {
  readonly namespace: string;
  put(value: string): Promise<void>;
  uids(): Promise<readonly unknown[]>;
}

export class Fleets {
  readonly #env: Env;

  constructor(env: Env) {
    this.#env = env;
  }

  async launch(backend: 'aws' | 'vault', prefix: string, value: string): Promise<Fleet> {
    const namespace = await this.#env.namespace(prefix);
    const put = async (text: string): Promise<void> => {
      for (const name of MANY) {
        if (backend === 'aws') await this.#env.aws.putSecret(`${namespace}/${name}`, JSON.stringify({ v: text }));
        else await this.#env.vault.put('secret', `${namespace}/${name}`, { v: text });
      }
    };
    await this.#env.aws.addAccessKey('AKIARELIABILITY', 'static-secret-key');
    await put(value);
    await this.#env.apply(
      secret(namespace, 'aws', { id: 'AKIARELIABILITY', key: 'static-secret-key' }),
      secret(namespace, 'vault', { token: this.#env.vault.rootToken }),
      secretStore(namespace, 'store', backend === 'aws' ? aws('aws') : vault(this.#env.vault.address, 'vault'), {
        // The SDK repeats calls by a clock of its own, which tests cannot move.
        retrySettings: { maxRetries: 0 },
      }),
      ...MANY.map((name) =>
        externalSecret(
          namespace,
          name,
          from('store'),
          entry('v', `${namespace}/${name}`, 'v'),
          refreshEvery(this.#env.supports('fast-time') ? '30s' : '10s'),
          into({ deletionPolicy: 'Delete' }),
        ),
      ),
    );
    await this.inStep(namespace, value);
    const uids = (): Promise<readonly unknown[]> =>
      Promise.all(MANY.map(async (name) => (await secretOf(this.#env, namespace, name))?.metadata.uid));
    return { namespace, put, uids };
  }

  async retire({ namespace }: Fleet): Promise<void> {
    for (const name of MANY) await this.#env.kube.delete(externalSecrets, { namespace, name });
  }

  /** Within a minute of the operator's clock, all Secrets hold this value. */
  async inStep(namespace: string, value: string): Promise<void> {
    await this.withinAMinute(async () => {
      for (const name of MANY) assert.deepEqual(await dataOf(this.#env, namespace, name), { v: value });
    });
  }

  async withinAMinute(check: () => Promise<void>): Promise<void> {
    for (let seconds = 0; ; seconds++) {
      try {
        return await check();
      } catch (error) {
        if (seconds >= 60) throw error;
      }
      await this.#env.advance(1_000);
    }
  }

  /** Lets time pass in steps, so that what is woken can also do something. */
  async pass(ms: number): Promise<void> {
    for (let left = ms; left > 0; left -= 1_000) await this.#env.advance(Math.min(left, 1_000));
  }
}
