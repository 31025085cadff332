import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { FakeKube } from '../../../test/builders/fake-kube.ts';
import { ManualClock } from '../../../test/builders/manual-clock.ts';
import type { GeneratorState } from '../../api/generators/generator-state.ts';
import { generatorStates } from '../../api/resources.ts';
import { GeneratorError, TerminalGeneratorError, type Lease } from '../../generators/index.ts';
import { FakeLease } from '../../generators/lease.fixture.ts';
import { Leases } from '../../generators/leases.ts';
import { STATE_FINALIZER, type StoredState } from '../../generators/states.ts';
import { silentLog } from '../../log.ts';
import { PATIENCE_MS, reconcileState } from './reconcile.ts';

const name = { namespace: 'shop', name: 'state' };
const MINUTE = 60_000;

class World {
  readonly clock = new ManualClock();
  readonly kube = new FakeKube({ clock: this.clock });
  readonly leases = new Leases(this.clock, silentLog);
  readonly lease = new FakeLease('lease', this.clock);
  readonly told: string[] = [];
  isTerminating = false;
  /** What finding the lease throws. */
  unknown: Error | undefined;

  put(more: { deadlineInMs?: number; finalizers?: readonly string[] } = {}): void {
    const { deadlineInMs, finalizers = [STATE_FINALIZER] } = more;
    const deadline =
      deadlineInMs === undefined
        ? {}
        : { garbageCollectionDeadline: new Date(this.clock.now() + deadlineInMs).toISOString() };
    this.kube.put<GeneratorState>(generatorStates, {
      metadata: { ...name, finalizers },
      spec: { resource: { kind: 'VaultDynamicSecret' }, state: { id: 'lease' }, ...deadline },
    });
  }

  get state(): StoredState | undefined {
    return this.kube.peek<GeneratorState>(generatorStates, name);
  }

  async delete(): Promise<void> {
    await this.kube.delete(generatorStates, name);
  }

  run(): Promise<{ readonly requeueAfterMs?: number }> {
    const deps = {
      client: this.kube,
      clock: this.clock,
      log: silentLog,
      states: { get: () => this.state },
      generators: { leases: this.leases, leaseOf: () => this.#leaseOf() },
      isTerminating: async () => this.isTerminating,
      events: {
        leftBehind: (_state: StoredState, message: string) => void this.told.push(message),
        leftByNamespace: (_state: StoredState, message: string) => void this.told.push(`by its namespace: ${message}`),
      },
    };
    return reconcileState(deps, 'shop/state', new AbortController().signal);
  }

  async #leaseOf(): Promise<Lease> {
    if (this.unknown !== undefined) throw this.unknown;
    return this.lease;
  }
}

describe('a GeneratorState', () => {
  test('in use is kept alive', async () => {
    const world = new World();
    world.put();
    assert.deepEqual(await world.run(), {});
    assert.ok(world.leases.has('lease'));
  });

  test('gets the finalizer that it lacks', async () => {
    const world = new World();
    world.put({ finalizers: ['other'] });
    await world.run();
    assert.deepEqual(world.state?.metadata.finalizers, ['other', STATE_FINALIZER]);
  });

  test('is looked at again at its deadline, then deleted, then cleaned up', async () => {
    const world = new World();
    world.put({ deadlineInMs: 2 * MINUTE });
    assert.deepEqual(await world.run(), { requeueAfterMs: 2 * MINUTE });
    await world.clock.advance(2 * MINUTE);
    await world.run();
    assert.ok(world.state?.metadata.deletionTimestamp !== undefined);
    assert.deepEqual(world.lease.log, []);
    await world.run();
    assert.deepEqual(world.lease.log, ['revoke']);
    assert.equal(world.state, undefined);
    assert.ok(!world.leases.has('lease'));
    assert.deepEqual(await world.run(), {});
  });

  test('stays while its backend cannot be reached, for an hour; then it goes with a warning', async () => {
    const world = new World();
    world.put();
    await world.delete();
    world.lease.error = new Error('Vault cannot be reached');
    await assert.rejects(world.run(), /cannot be reached/);
    await world.clock.advance(PATIENCE_MS - 1000);
    await assert.rejects(world.run(), /cannot be reached/);
    assert.deepEqual(world.told, []);
    await world.clock.advance(1000);
    await world.run();
    assert.equal(world.state, undefined);
    assert.match(world.told[0] ?? '', /for an hour; what the generator made stays .*Vault cannot be reached/);
  });

  test('does not hold up a namespace: one attempt, then it goes with a warning', async () => {
    const world = new World();
    world.put();
    await world.delete();
    world.isTerminating = true;
    world.lease.error = new Error('the Secret is gone');
    await world.run();
    assert.equal(world.state, undefined);
    assert.match(world.told[0] ?? '', /^by its namespace: the namespace is being deleted/);
  });

  test('of a generator that is not built is kept beyond its deadline, and not held up when somebody deletes it', async () => {
    const world = new World();
    world.unknown = new TerminalGeneratorError('generator Grafana is not available in this build');
    world.put({ deadlineInMs: -1000 });
    await world.run();
    assert.equal(world.state?.metadata.deletionTimestamp, undefined);
    assert.match(world.told[0] ?? '', /kept for an operator that can/);
    await world.delete();
    await world.run();
    assert.equal(world.state, undefined);
    assert.match(world.told[1] ?? '', /cannot be cleaned up by this build; .*generator Grafana/);
  });

  test('that nobody can make sense of goes when it is due', async () => {
    const world = new World();
    world.unknown = new GeneratorError('spec.state was not written by this operator');
    world.put({ deadlineInMs: -1000 });
    await world.run();
    await world.run();
    assert.equal(world.state, undefined);
    assert.equal(world.told.length, 1);
  });
});
