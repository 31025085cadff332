import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { FakeKube } from '../../test/builders/fake-kube.ts';
import { ManualClock } from '../../test/builders/manual-clock.ts';
import type { GeneratorState } from '../api/generators/generator-state.ts';
import { generatorStates } from '../api/resources.ts';
import { DeniedError, UnreachableError } from '../kube/errors.ts';
import type { Stored } from '../kube/types.ts';
import { silentLog } from '../log.ts';
import { Generation, type Consumer } from './generation.ts';
import { idOf } from './generators.ts';
import { FakeLease } from './lease.fixture.ts';
import { Leases } from './leases.ts';
import { ownerKey, ownersOf, STATE_FINALIZER } from './states.ts';

const GRACE_MS = 120_000;
const consumer: Consumer = {
  apiVersion: 'external-secrets.io/v1',
  kind: 'ExternalSecret',
  namespace: 'shop',
  name: 'db',
  uid: 'es-1',
};
const ref = { apiVersion: 'generators.external-secrets.io/v1alpha1', kind: 'VaultDynamicSecret', name: 'db' } as const;
const { signal } = new AbortController();

class World {
  readonly clock = new ManualClock();
  readonly kube = new FakeKube({ clock: this.clock });
  readonly leases = new Leases(this.clock, silentLog);
  readonly made: FakeLease[] = [];

  begin(keepsStates = true): Generation {
    const generate = async (): ReturnType<ConstructorParameters<typeof Generation>[0]['generate']> => {
      const lease = new FakeLease(`lease-${this.made.length + 1}`, this.clock);
      this.made.push(lease);
      const manifest = {
        apiVersion: ref.apiVersion,
        kind: ref.kind,
        metadata: { name: 'db', namespace: 'shop' },
        spec: {},
      };
      return { values: new Map(), lease, manifest };
    };
    const statesOf = (owner: string) => this.states().filter((state) => ownersOf(state).includes(owner));
    const { clock, leases } = this;
    const deps = { client: this.kube, clock, log: silentLog, leases, statesOf, gracePeriodMs: GRACE_MS, generate };
    return new Generation(deps, consumer, keepsStates);
  }

  /** A whole pass over one entry per slot; then a second passes. */
  async pass(slots: readonly string[] = ['0'], use: () => Promise<void> = async () => {}): Promise<void> {
    const generation = this.begin();
    const fetch = () => Promise.all(slots.map((slot) => generation.generate(ref, slot, signal)));
    try {
      await generation.run(fetch, use, signal);
    } finally {
      await this.clock.advance(1000);
    }
  }

  states(): Stored<GeneratorState>[] {
    return this.kube.objects<GeneratorState>(generatorStates);
  }

  /** Ids of the leases whose states have a deadline. */
  ending(): unknown[] {
    return this.states()
      .filter(({ spec }) => spec?.garbageCollectionDeadline !== undefined)
      .map(({ spec }) => idOf(spec?.state));
  }
}

describe('a generation', () => {
  test('remembers what was made as the peer does', async () => {
    const world = new World();
    await world.pass();
    const [state] = world.states();
    assert.match(state?.metadata.name ?? '', /^gen-externalsecret-db-/);
    assert.deepEqual(state?.metadata.finalizers, [STATE_FINALIZER]);
    assert.deepEqual(state.metadata.ownerReferences, [
      { apiVersion: 'external-secrets.io/v1', kind: 'ExternalSecret', name: 'db', uid: 'es-1' },
    ]);
    assert.equal(state.metadata.labels?.['generators.external-secrets.io/owner-key'], ownerKey(consumer, '0'));
    assert.deepEqual(state.spec?.state, { id: 'lease-1' });
    assert.ok(world.leases.has('lease-1'));
  });

  test('has the owner key of the contract', () => {
    const key = ownerKey({ ...consumer, namespace: 'default', name: 'my-es' }, '0');
    assert.equal(key, '9915f96d753b27b8e9efddd3a0d8653f0950199e3e1da6e83e967b73');
  });

  test('keeps the one before for one more refresh, then gives it a deadline', async () => {
    const world = new World();
    await world.pass();
    await world.pass();
    assert.deepEqual(world.ending(), []);
    await world.pass();
    assert.deepEqual(world.ending(), ['lease-1']);
    const [first] = world.states();
    const deadline = Date.parse(first?.spec?.garbageCollectionDeadline ?? '');
    assert.equal(deadline, world.clock.now() - 1000 + GRACE_MS);
    await world.pass();
    assert.deepEqual(world.ending(), ['lease-1', 'lease-2']);
  });

  test('ends all that belongs to an entry that is no generator any more', async () => {
    const world = new World();
    await world.pass(['0', '1']);
    await world.pass(['0']);
    assert.deepEqual(world.ending(), ['lease-2']);
    await world.pass([]);
    assert.deepEqual(new Set(world.ending()), new Set(['lease-1', 'lease-2', 'lease-3']));
  });

  test('takes everything away at once when not all could be fetched', async () => {
    const world = new World();
    const generation = world.begin();
    const fetch = async (): Promise<void> => {
      await generation.generate(ref, '0', signal);
      throw new Error('another entry failed');
    };
    await assert.rejects(
      generation.run(fetch, async () => {}, signal),
      /another entry/,
    );
    assert.deepEqual(world.made[0]?.log, ['revoke']);
    assert.deepEqual(world.states(), []);
  });

  test('leaves a state that is due when it cannot be taken away at once', async () => {
    const world = new World();
    const generation = world.begin();
    const fetch = async (): Promise<void> => {
      await generation.generate(ref, '0', signal);
      world.made[0]!.error = new Error('out of reach');
      throw new Error('another entry failed');
    };
    await assert.rejects(
      generation.run(fetch, async () => {}, signal),
      /another entry/,
    );
    const [state] = world.states();
    assert.equal(Date.parse(state?.spec?.garbageCollectionDeadline ?? ''), world.clock.now());
    assert.ok(world.leases.has('lease-1'));
  });

  test('ends what was made in vain when the Secret could not be written, not what is in it', async () => {
    const world = new World();
    await world.pass();
    for (let tries = 0; tries < 3; tries++) {
      const use = () => Promise.reject(new DeniedError('no right to write', { status: 403 }));
      await assert.rejects(world.pass(['0'], use), /no right/);
    }
    assert.deepEqual(world.ending(), ['lease-2', 'lease-3', 'lease-4']);
  });

  test('lets stand what may be in the Secret: nobody knows whether the write arrived', async () => {
    const world = new World();
    const use = () =>
      Promise.reject(new Error('could not update', { cause: new UnreachableError('no answer', { status: 0 }) }));
    await assert.rejects(world.pass(['0'], use), /could not update/);
    assert.deepEqual(world.ending(), []);
  });

  test('takes away what it cannot remember, and fails', async () => {
    const world = new World();
    world.kube.faults.fail('create', new DeniedError('no right to create', { status: 403 }));
    await assert.rejects(world.pass(), /no right to create/);
    assert.deepEqual(world.made[0]?.log, ['revoke']);
    assert.ok(!world.leases.has('lease-1'));
  });

  test('leaves everything as it is where states are switched off', async () => {
    const world = new World();
    const generation = world.begin(false);
    await generation.run(
      () => generation.generate(ref, '0', signal),
      async () => {},
      signal,
    );
    assert.deepEqual(world.states(), []);
    assert.deepEqual(world.made[0]?.log, ['drop']);
  });
});
