import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ManualClock } from '../../test/builders/manual-clock.ts';
import { SecretValue } from '../secret-value.ts';
import {
  BackendUnavailableError,
  CircuitOpenError,
  PermissionDeniedError,
  SecretNotFoundError,
  ThrottledError,
} from './errors.ts';
import type { ReadOutcome, ReadRef, SecretsClient } from './provider.ts';
import { SecretsReader, type ReadKind, type ReadOptions } from './reader.ts';
import { Slots } from './slots.ts';

/** A backend that answers when told to, or at once, and remembers what it was asked. */
class TestClient implements SecretsClient {
  readonly batchSize: number;
  readonly calls: string[][] = [];
  readonly aborted: boolean[] = [];
  running = 0;
  most = 0;
  answer: (ref: ReadRef) => ReadOutcome = ({ key }) => ({ ok: true, value: SecretValue.ofText(`v:${key}`) });
  /** Thrown by the next calls instead of an answer. */
  broken: Error | undefined;
  validatesElsewhere = false;
  /** When set, calls wait for it. */
  hold: Promise<void> | undefined;

  constructor(batchSize = 20) {
    this.batchSize = batchSize;
  }

  async read(refs: readonly ReadRef[], signal: AbortSignal): Promise<readonly ReadOutcome[]> {
    this.calls.push(refs.map(({ key }) => key));
    const index = this.calls.length - 1;
    signal.addEventListener('abort', () => (this.aborted[index] = true), { once: true });
    this.running += 1;
    this.most = Math.max(this.most, this.running);
    try {
      await this.hold;
      signal.throwIfAborted();
      if (this.broken !== undefined) throw this.broken;
      return refs.map((ref) => this.answer(ref));
    } finally {
      this.running -= 1;
    }
  }

  async validate(): Promise<'Ready'> {
    if (this.broken !== undefined && !this.validatesElsewhere) throw this.broken;
    return 'Ready';
  }

  async close(): Promise<void> {}
}

function world(batchSize?: number, options: { concurrency?: number; common?: Slots } = {}) {
  const clock = new ManualClock();
  const client = new TestClient(batchSize);
  const kinds: ReadKind[] = [];
  let recovered = 0;
  const reader = new SecretsReader(client, {
    clock,
    random: () => 0.5,
    observe: (kind) => void kinds.push(kind),
    onRecovered: () => void recovered++,
    ...options,
  });
  const ask = (key: string, more: Partial<ReadOptions> = {}): Promise<string> =>
    reader
      .read({ key }, { notBefore: clock.now(), signal: new AbortController().signal, ...more })
      .then((value) => value.revealText());
  /** Lets everything asked for be answered. */
  const settle = async <T>(asked: Promise<T>): Promise<T> => {
    asked.catch(() => {});
    await clock.advance(50);
    return asked;
  };
  return { clock, client, reader, kinds, ask, settle, recovered: () => recovered };
}

test('two hundred reads of a hundred keys are five calls of twenty', async () => {
  const { client, ask, settle, kinds } = world();
  const keys = Array.from({ length: 200 }, (_, index) => `k${index % 100}`);
  const values = await settle(Promise.all(keys.map((key) => ask(key))));
  assert.deepEqual(
    values,
    keys.map((key) => `v:${key}`),
  );
  assert.deepEqual(
    client.calls.map((call) => call.length),
    [20, 20, 20, 20, 20],
  );
  assert.equal(kinds.filter((kind) => kind === 'batched').length, 100);
  assert.equal(kinds.filter((kind) => kind === 'shared').length, 100);
});

test('a full batch goes out at once, the rest after the window', async () => {
  const { client, clock, ask } = world(2);
  const asked = Promise.all([ask('a'), ask('b'), ask('c')]);
  assert.deepEqual(client.calls, [['a', 'b']]);
  await clock.advance(10);
  assert.deepEqual(client.calls, [['a', 'b'], ['c']]);
  await asked;
});

test('the patient wait longer for company, until somebody comes who is not', async () => {
  const { client, clock, ask } = world();
  const patient = { patienceMs: 200 };
  const first = Promise.all([ask('a', patient), ask('b', patient)]);
  await clock.advance(150);
  const late = ask('c', patient);
  await clock.advance(49);
  assert.deepEqual(client.calls, []);
  await clock.advance(1);
  assert.deepEqual(client.calls, [['a', 'b', 'c']]);
  await Promise.all([first, late]);
  const waiting = ask('d', patient);
  await clock.advance(50);
  const hurried = Promise.all([ask('e'), ask('f', patient)]);
  await clock.advance(10);
  assert.deepEqual(client.calls.slice(1), [['d', 'e', 'f']]);
  await Promise.all([waiting, hurried]);
});

test('who is not patient shortens the wait for a key that was asked for before', async () => {
  const { client, clock, ask } = world();
  const both = Promise.all([ask('a', { patienceMs: 200 }), ask('a')]);
  await clock.advance(10);
  assert.deepEqual(client.calls, [['a']]);
  await both;
});

test('a full batch of the patient goes out at once', async () => {
  const { client, ask } = world(2);
  const both = Promise.all([ask('a', { patienceMs: 200 }), ask('b', { patienceMs: 200 })]);
  assert.deepEqual(client.calls, [['a', 'b']]);
  await both;
});

test('a backend without batches is asked at once, once per key', async () => {
  const { client, ask } = world(1);
  const asked = Promise.all([ask('a'), ask('a'), ask('b')]);
  assert.deepEqual(client.calls, [['a'], ['b']]);
  await asked;
});

test('a value serves others unless its read was sent before their notBefore', async () => {
  const { client, clock, ask, settle, kinds } = world();
  await settle(ask('a'));
  const sent = clock.now();
  await settle(ask('a', { notBefore: sent - 1_000 }));
  assert.equal(client.calls.length, 1);
  await settle(ask('a', { notBefore: sent + 1 }));
  assert.equal(client.calls.length, 2);
  assert.deepEqual(kinds, ['direct', 'shared', 'direct']);
});

test('a read under way is joined only when it was sent late enough', async () => {
  const { client, clock, ask } = world(1);
  const gate = Promise.withResolvers<void>();
  client.hold = gate.promise;
  const first = ask('a');
  await clock.advance(1_000);
  const joined = ask('a', { notBefore: 0 });
  const fresh = ask('a');
  assert.equal(client.calls.length, 2);
  gate.resolve();
  await Promise.all([first, joined, fresh]);
});

test('shared values are freed after a minute without anybody asking', async () => {
  const { client, clock, ask, settle } = world();
  await settle(ask('a'));
  await clock.advance(60_000);
  assert.equal(clock.pendingTimers, 0);
  await settle(ask('a', { notBefore: 0 }));
  assert.equal(client.calls.length, 2);
});

test('a miss is told to those in the call and asked for anew by the next', async () => {
  const { client, ask, settle } = world();
  client.answer = ({ key }) => ({ ok: false, error: new SecretNotFoundError(`no ${key}`) });
  const both = await settle(Promise.allSettled([ask('a'), ask('a')]));
  assert.ok(both.every(({ status }) => status === 'rejected'));
  client.answer = () => ({ ok: true, value: SecretValue.ofText('there now') });
  assert.equal(await settle(ask('a', { notBefore: 0 })), 'there now');
  assert.equal(client.calls.length, 2);
});

test('a miss takes back the value that was shared before', async () => {
  const { client, ask, settle, clock } = world();
  await settle(ask('a'));
  const before = clock.now() - 5_000;
  client.answer = () => ({ ok: false, error: new SecretNotFoundError('gone') });
  await assert.rejects(settle(ask('a')), SecretNotFoundError);
  await assert.rejects(settle(ask('a', { notBefore: before })), SecretNotFoundError);
});

test('one bad ref fails only its own askers', async () => {
  const { client, ask, settle } = world();
  client.answer = ({ key }) =>
    key === 'bad'
      ? { ok: false, error: new PermissionDeniedError('denied') }
      : { ok: true, value: SecretValue.ofText(key) };
  const [good, bad] = await settle(Promise.allSettled([ask('good'), ask('bad')]));
  assert.equal(good.status, 'fulfilled');
  assert.equal(bad.status, 'rejected');
  assert.equal(client.calls.length, 1);
});

test('versions and metadata are reads of their own', async () => {
  const { client, clock, reader } = world();
  const options = { notBefore: 0, signal: new AbortController().signal };
  const asked = Promise.all([
    reader.read({ key: 'a' }, options),
    reader.read({ key: 'a', version: '1' }, options),
    reader.read({ key: 'a', metadataPolicy: 'Fetch' }, options),
    reader.read({ key: 'a', metadataPolicy: 'None' }, options),
  ]);
  await clock.advance(10);
  await asked;
  assert.deepEqual(client.calls, [['a', 'a', 'a']]);
});

test('one asker’s abort leaves the others alone; the last one’s ends the call', async () => {
  const { client, clock, ask } = world();
  const gate = Promise.withResolvers<void>();
  client.hold = gate.promise;
  const [one, two] = [new AbortController(), new AbortController()];
  const asked = [ask('a', { signal: one.signal }), ask('a', { signal: two.signal })];
  const settled = Promise.allSettled(asked);
  await clock.advance(10);
  one.abort(new Error('gone'));
  await assert.rejects(asked[0]!, /gone/);
  assert.equal(client.aborted[0], undefined);
  two.abort(new Error('gone too'));
  await settled;
  assert.equal(client.aborted[0], true);
  gate.resolve();
  await clock.advance(10);
  client.hold = undefined;
  const again = ask('a');
  await clock.advance(10);
  assert.equal(await again, 'v:a');
});

test('who gives up while queued is not asked for at all', async () => {
  const { client, clock, ask } = world();
  const controller = new AbortController();
  const asked = ask('a', { signal: controller.signal });
  controller.abort(new Error('gone'));
  await assert.rejects(asked, /gone/);
  await clock.advance(50);
  assert.deepEqual(client.calls, []);
});

test('calls at the same time are bounded, per identity and in common', async () => {
  const common = new Slots(3);
  const one = world(1, { concurrency: 2, common });
  const other = world(1, { concurrency: 2, common });
  const gate = Promise.withResolvers<void>();
  one.client.hold = gate.promise;
  other.client.hold = gate.promise;
  const keys = ['a', 'b', 'c', 'd'];
  const asked = Promise.all([...keys.map((key) => one.ask(key)), ...keys.map((key) => other.ask(key))]);
  assert.deepEqual([one.client.running, other.client.running], [2, 1]);
  gate.resolve();
  await asked;
  assert.ok(one.client.most <= 2 && other.client.most <= 2);
  assert.equal(common.taken, 0);
});

test('five outages in a row open the circuit: then one probe per half minute, the error tells when', async () => {
  const { client, clock, ask, settle, recovered } = world();
  client.broken = new BackendUnavailableError('cannot reach vault.test');
  for (let failure = 0; failure < 4; failure++) await assert.rejects(settle(ask('a')), BackendUnavailableError);
  await assert.rejects(settle(ask('a')), CircuitOpenError);
  const openedAt = clock.now();
  await assert.rejects(ask('a'), (error: unknown) => {
    assert.ok(error instanceof CircuitOpenError);
    assert.equal(error.cause, client.broken);
    assert.match(error.message, /cannot reach vault\.test/);
    assert.ok(error.retryAtMs > openedAt && error.retryAtMs <= openedAt + 36_000);
    return true;
  });
  for (let second = 0; second < 120; second++) {
    await clock.advance(1_000);
    await settle(ask('a')).catch(() => {});
  }
  assert.ok(client.calls.length - 5 <= 4, `${client.calls.length - 5} probes in two minutes`);
  client.broken = undefined;
  await clock.advance(40_000);
  assert.equal(await settle(ask('a')), 'v:a');
  assert.equal(recovered(), 1);
});

test('an urgent read and validation pass an open circuit and close it', async () => {
  const { client, ask, settle, reader, recovered } = world();
  client.broken = new BackendUnavailableError('down');
  for (let failure = 0; failure < 5; failure++) await settle(ask('a')).catch(() => {});
  await assert.rejects(settle(ask('a', { urgent: true })), BackendUnavailableError);
  await assert.rejects(reader.validate(new AbortController().signal), BackendUnavailableError);
  assert.equal(reader.circuitOpen, true);
  client.broken = undefined;
  assert.equal(await reader.validate(new AbortController().signal), 'Ready');
  assert.equal(reader.circuitOpen, false);
  assert.equal(recovered(), 1);
});

test('while the circuit is open every asker is told the same, whatever a probe met, and not what others read', async () => {
  const { client, clock, ask, settle } = world();
  const messages = new Set<string>();
  const told = (error: Error): void => void messages.add(error.message);
  for (let failure = 0; failure < 5; failure++) {
    client.broken = new BackendUnavailableError('read of key "a" failed', { toOthers: 'read failed' });
    await settle(ask('a')).catch(() => {});
  }
  client.broken = new BackendUnavailableError('read of key "b" failed');
  for (let probe = 0; probe < 3; probe++) {
    await clock.advance(40_000);
    await settle(ask('b')).catch(told);
    await settle(ask('c')).catch(told);
  }
  assert.equal(client.calls.length, 8);
  assert.deepEqual([...messages], ['read failed (it keeps failing and is asked again only now and then)']);
});

test('a validation that does not ask the backend leaves an open circuit open', async () => {
  const { client, ask, settle, reader, recovered } = world();
  client.broken = new BackendUnavailableError('down');
  client.validatesElsewhere = true;
  for (let failure = 0; failure < 5; failure++) await settle(ask('a')).catch(() => {});
  assert.equal(await reader.validate(new AbortController().signal), 'Ready');
  assert.equal(reader.circuitOpen, true);
  assert.equal(recovered(), 0);
});

test('denials do not open the circuit', async () => {
  const { client, ask, settle, reader } = world();
  client.broken = new PermissionDeniedError('no');
  for (let failure = 0; failure < 10; failure++) await settle(ask('a')).catch(() => {});
  assert.equal(reader.circuitOpen, false);
  assert.equal(client.calls.length, 10);
});

test('the time a throttling backend names is honoured: short ones are waited out, long ones are told', async () => {
  const { client, clock, ask, settle } = world();
  client.broken = new ThrottledError('slow down', { retryAfterMs: 1_000 });
  await assert.rejects(settle(ask('a')), ThrottledError);
  client.broken = undefined;
  const waiting = ask('a');
  await clock.advance(500);
  assert.equal(client.calls.length, 1);
  await clock.advance(500);
  assert.equal(await waiting, 'v:a');
  client.broken = new ThrottledError('slow down', { retryAfterMs: 60_000 });
  await assert.rejects(settle(ask('b')), ThrottledError);
  await assert.rejects(
    ask('c'),
    (error: unknown) => error instanceof ThrottledError && (error.retryAfterMs ?? 0) > 59_000,
  );
});

test('closing fails who waits, frees timers and refuses newcomers', async () => {
  const { clock, ask, reader } = world();
  const asked = ask('a');
  reader.close();
  await assert.rejects(asked, { name: 'AbortError' });
  await assert.rejects(ask('a'), { name: 'AbortError' });
  assert.equal(clock.pendingTimers, 0);
});
