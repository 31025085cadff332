/**
 * Asks the backends for everything an ExternalSecret names: all entries at the same time (the reader makes batches of them), merged in
 * the order the contract gives: `dataFrom` by index, then `data`, later wins (`behaviour.md` 1.6). Either everything arrives
 * or nothing is used.
 */
import type { ExternalSecret } from '../../api/external-secret.ts';
import type { GeneratorRef } from '../../api/references.ts';
import type { ExternalSecretData, ExternalSecretDataFrom } from '../../api/external-secret-data.ts';
import { TerminalGeneratorError, type Generation } from '../../generators/index.ts';
import { ProviderError, SecretNotFoundError, ThrottledError } from '../../providers/errors.ts';
import type { Session } from '../../providers/pool.ts';
import { messageOf } from '../failure.ts';
import { StoreUnusableError, type StoreGate, type StoreRef } from '../store-gate.ts';
import { checkNullBytes, decode, decodeAll } from './decode.ts';
import { checkKeys, convertKeys, type Entries } from './keys.ts';
import { Problem } from './problem.ts';
import { rewriteKeys, type RenderKey } from './rewrite.ts';

export interface FetchRequest {
  readonly spec: NonNullable<ExternalSecret['spec']>;
  readonly namespace: string;
  /** A shared value whose read was sent before this instant (epoch ms) is not used. */
  readonly notBefore: number;
  /** A person asked for it: go to the backend even while its circuit breaker is open (D57). */
  readonly urgent: boolean;
  /** How long a read may wait to go out together with others; without: the reader's own, which is short. */
  readonly patienceMs?: number | undefined;
  /** Makes the values of entries that name generators. */
  readonly generation: Pick<Generation, 'generate'>;
  readonly signal: AbortSignal;
}

export interface Fetched {
  readonly data: Entries;
  /** Entries whose secret the backend says does not exist, skipped as the deletion policy allows. */
  readonly missing: readonly string[];
  /** Rewrites that turned two keys into one. */
  readonly collisions: readonly string[];
}

export interface Fetcher {
  readonly gate: Pick<StoreGate, 'open'>;
  readonly renderKey: RenderKey;
}

interface EntryResult {
  readonly entries: Entries;
  readonly collisions: readonly string[];
}

/** @throws Problem naming every failing entry; its cause is the first failure that decides about the retry. */
export async function fetchData(fetcher: Fetcher, request: FetchRequest): Promise<Fetched> {
  const tasks = [...dataFromTasks(fetcher, request), ...dataTasks(fetcher, request)];
  const results = await Promise.allSettled(tasks.map((task) => task.run()));
  request.signal.throwIfAborted();
  const skipMissing = request.spec.target.deletionPolicy !== 'Retain';
  const data = new Map();
  const missing: string[] = [];
  const collisions: string[] = [];
  const failures: Failure[] = [];
  for (const [index, result] of results.entries()) {
    const { label, store } = tasks[index]!;
    if (result.status === 'fulfilled') {
      for (const [key, value] of result.value.entries) data.set(key, value);
      collisions.push(...result.value.collisions.map((collision) => `${label}: ${collision}`));
    } else if (skipMissing && result.reason instanceof SecretNotFoundError) {
      missing.push(label);
    } else {
      failures.push({ label, store, error: result.reason });
    }
  }
  if (failures.length > 0) throw failed(failures);
  return { data, missing, collisions };
}

interface Task {
  /** `data[2] (key "db", property "user")`. */
  readonly label: string;
  readonly store: StoreRef;
  readonly run: () => Promise<EntryResult>;
}

function dataTasks(fetcher: Fetcher, request: FetchRequest): readonly Task[] {
  return (request.spec.data ?? []).map((entry, index) => ({
    label: `data[${index}] (${describeRef(entry.remoteRef)})`,
    store: storeOf(request, entry),
    run: () => fetchOne(fetcher, request, entry),
  }));
}

function dataFromTasks(fetcher: Fetcher, request: FetchRequest): readonly Task[] {
  return (request.spec.dataFrom ?? []).map((entry, index) => ({
    label: `dataFrom[${index}] (${describeSource(entry)})`,
    store: generatorOf(entry) === undefined ? storeOf(request, entry) : NO_STORE,
    run: () => fetchMany(fetcher, request, entry, index),
  }));
}

async function fetchOne(fetcher: Fetcher, request: FetchRequest, entry: ExternalSecretData): Promise<EntryResult> {
  const { remoteRef, secretKey } = entry;
  if (entry.sourceRef?.generatorRef !== undefined) {
    throw new Error('sourceRef.generatorRef works in dataFrom only: a generator gives several keys');
  }
  return withSession(fetcher, request, storeOf(request, entry), async (session) => {
    const raw = await session.reader.read(remoteRef, request);
    const value = decode(secretKey, session.values.select(raw, remoteRef), remoteRef.decodingStrategy ?? 'None');
    const entries = new Map([[secretKey, value]]);
    checkNullBytes(entries, remoteRef.nullBytePolicy ?? 'Ignore');
    return { entries, collisions: [] };
  });
}

async function fetchMany(
  fetcher: Fetcher,
  request: FetchRequest,
  entry: ExternalSecretDataFrom,
  index: number,
): Promise<EntryResult> {
  const source = entry.find ?? entry.extract;
  if (source === undefined) return generate(fetcher, request, entry, index);
  const found = await withSession(fetcher, request, storeOf(request, entry), (session) =>
    readMany(session, request, entry),
  );
  const operations = entry.rewrite ?? [];
  const { entries, collisions } = await rewriteKeys(found, operations, fetcher.renderKey);
  const named = operations.length > 0 ? entries : convertKeys(entries, source.conversionStrategy ?? 'Default');
  const decoded = decodeAll(checkKeys(named), source.decodingStrategy ?? 'None');
  checkNullBytes(decoded, source.nullBytePolicy ?? 'Ignore');
  return { entries: decoded, collisions };
}

/** Keys and values are taken as the generator gives them: rewritten, but neither converted nor decoded. */
async function generate(
  fetcher: Fetcher,
  request: FetchRequest,
  entry: ExternalSecretDataFrom,
  index: number,
): Promise<EntryResult> {
  const ref = generatorOf(entry);
  if (ref === undefined) return { entries: new Map(), collisions: [] };
  const made = await request.generation.generate(ref, String(index), request.signal);
  const { entries, collisions } = await rewriteKeys(made, entry.rewrite ?? [], fetcher.renderKey);
  return { entries: checkKeys(entries), collisions };
}

/** The generator that an entry names, if nothing goes before it. */
export function generatorOf(entry: ExternalSecretDataFrom): GeneratorRef | undefined {
  return entry.find === undefined && entry.extract === undefined ? entry.sourceRef?.generatorRef : undefined;
}

const NO_STORE: StoreRef = { kind: 'SecretStore', name: '' };

async function readMany(session: Session, request: FetchRequest, entry: ExternalSecretDataFrom): Promise<Entries> {
  if (entry.find !== undefined) {
    const { path, name, tags } = entry.find;
    return session.find({ path, nameRegexp: name?.regexp, tags }, request);
  }
  const ref = entry.extract!;
  return session.values.entries(await session.reader.read(ref, request), ref);
}

async function withSession<T>(
  fetcher: Fetcher,
  request: FetchRequest,
  ref: StoreRef,
  use: (session: Session) => Promise<T>,
): Promise<T> {
  const session = await fetcher.gate.open(ref, request.namespace, request.signal, request.urgent);
  try {
    return await use(session);
  } finally {
    session.release();
  }
}

/** The store of the entry itself, else that of the whole ExternalSecret. */
function storeOf(request: FetchRequest, entry: Pick<ExternalSecretDataFrom, 'sourceRef'>): StoreRef {
  return storeRefOf(entry.sourceRef?.storeRef ?? request.spec.secretStoreRef);
}

export function storeRefOf(
  ref: { readonly kind?: StoreRef['kind'] | undefined; readonly name?: string | undefined } | undefined,
): StoreRef {
  return { kind: ref?.kind ?? 'SecretStore', name: ref?.name ?? '' };
}

interface Failure {
  readonly label: string;
  readonly store: StoreRef;
  readonly error: unknown;
}

/** Enough to see the pattern; a condition is no log. */
const MOST_NAMED = 5;

function failed(failures: readonly Failure[]): Problem {
  const byCause = Map.groupBy(failures, ({ store, error }) => `${placeOf(store, error)}: ${messageOf(error)}`);
  const lines = [...byCause].map(([cause, alike]) => labels(alike) + cause);
  const more = lines.length > MOST_NAMED ? `; and ${lines.length - MOST_NAMED} more` : '';
  return new Problem('fetch', lines.slice(0, MOST_NAMED).join('; ') + more, {
    cause: decisive(failures),
    permanent: failures.every(({ error }) => error instanceof TerminalGeneratorError),
  });
}

/** Says by which store it was asked for, unless the cause itself is about the store, or a generator was asked. */
function placeOf({ kind, name }: StoreRef, error: unknown): string {
  return name === '' || error instanceof StoreUnusableError ? '' : ` from ${kind} "${name}"`;
}

function labels(failures: readonly Failure[]): string {
  const named = failures.slice(0, MOST_NAMED).map(({ label }) => label);
  const more = failures.length > MOST_NAMED ? ` and ${failures.length - MOST_NAMED} more` : '';
  return named.join(', ') + more;
}

/** What the backend asked of us (wait, come back) goes before everything else; then the first failure. */
function decisive(failures: readonly Failure[]): unknown {
  const errors = failures.map(({ error }) => error);
  return (
    errors.find((error) => error instanceof ThrottledError) ??
    errors.find((error) => error instanceof ProviderError) ??
    errors[0]
  );
}

function describeRef(ref: {
  readonly key: string;
  readonly property?: string | undefined;
  readonly version?: string | undefined;
}): string {
  const property =
    ref.property === undefined || ref.property === '' ? '' : `, property ${JSON.stringify(ref.property)}`;
  const version = ref.version === undefined || ref.version === '' ? '' : `, version ${JSON.stringify(ref.version)}`;
  return `key ${JSON.stringify(ref.key)}${property}${version}`;
}

function describeSource(entry: ExternalSecretDataFrom): string {
  if (entry.find !== undefined) return 'find';
  if (entry.extract !== undefined) return `extract ${describeRef(entry.extract)}`;
  const generator = entry.sourceRef?.generatorRef;
  return generator === undefined ? 'sourceRef' : `${generator.kind} "${generator.name}"`;
}
