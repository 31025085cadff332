/**
 * What of one source goes where in one SecretStore: entries of `dataTo` for that store, then all of `data`, which win for the same key of
 * the source (`behaviour.md` 3.5). Asks nobody.
 */
import type { PushSecretData, PushSecretSpec } from '../../api/push-secret.ts';
import type { RenderKey } from '../external-secret/rewrite.ts';
import { selectorProblem } from '../label-selector.ts';
import { convertData, convertedKeys, type Conversion, type Data } from './convert.ts';
import { expand } from './data-to.ts';
import { statusEntryKey } from './names.ts';
import { PushProblem } from './problem.ts';
import type { Source } from './source.ts';
import { means, type TargetStore } from './stores.ts';

/** One thing to push. */
export interface Entry {
  /** The field it comes from, e.g. `data[2]`. */
  readonly where: string;
  readonly remoteKey: string;
  readonly property: string | undefined;
  /** A key of the source, converted; undefined: all of it. */
  readonly secretKey: string | undefined;
  /** Stands in the place of the source's whole data. */
  readonly bundle: Data | undefined;
  /** With its envelope. */
  readonly metadata: unknown;
  readonly conversion: Conversion;
}

export interface PlannedEntry extends Entry {
  readonly source: Source;
}

export interface StorePlan {
  readonly store: TargetStore;
  /** By their key in status. */
  readonly entries: ReadonlyMap<string, PlannedEntry>;
}

export interface PlanInput {
  readonly spec: PushSecretSpec;
  readonly stores: readonly TargetStore[];
  readonly sources: readonly Source[];
  readonly renderKey: RenderKey;
}

export interface Plan {
  readonly stores: readonly StorePlan[];
  /** Entries that cannot be pushed as they are; they keep no other from it. */
  readonly problems: readonly PushProblem[];
}

/**
 * @throws PushProblem when it cannot be said what goes where: two entries on one destination, or a `dataTo` without its store. Only a change
 * of the PushSecret, its source or its stores can mend that, and the problems of single entries.
 */
export async function planPushes(input: PlanInput): Promise<Plan> {
  checkDataTo(input);
  const stores: StorePlan[] = [];
  const problems: PushProblem[] = [];
  for (const store of input.stores) stores.push({ store, entries: await planStore(input, store, problems) });
  return { stores, problems };
}

async function planStore(input: PlanInput, store: TargetStore, problems: PushProblem[]): Promise<StorePlan['entries']> {
  const planned = new Map<string, PlannedEntry>();
  for (const source of input.sources) {
    for (const entry of await entriesOf(input, store, source, problems)) {
      const key = statusEntryKey(entry.remoteKey, entry.property);
      const other = planned.get(key);
      if (other !== undefined) throw pushedTwice(key, other, { ...entry, source });
      planned.set(key, { ...entry, source });
    }
  }
  for (const alike of Map.groupBy(planned.values(), ({ remoteKey }) => remoteKey).values()) checkOneCall(alike);
  return planned;
}

/** Entries that can go in one call: those that take their keys out of the same data. */
export function dataOf({ source, bundle, conversion, where }: PlannedEntry): string {
  return JSON.stringify([source.name, conversion, bundle === undefined ? '' : where]);
}

/** A whole value and properties in it, from different data, would undo each other at every refresh. */
function checkOneCall(alike: readonly PlannedEntry[]): void {
  const whole = alike.find(({ property }) => property === undefined);
  const other = whole === undefined ? undefined : alike.find((entry) => dataOf(entry) !== dataOf(whole));
  if (whole !== undefined && other !== undefined) throw pushedTwice(whole.remoteKey, whole, other);
}

async function entriesOf(
  input: PlanInput,
  store: TargetStore,
  source: Source,
  problems: PushProblem[],
): Promise<readonly Entry[]> {
  const { data = [], dataTo = [] } = input.spec;
  const attempt = async (make: () => Entry | Promise<readonly Entry[]>): Promise<readonly Entry[]> => {
    try {
      return [await make()].flat();
    } catch (error) {
      if (!(error instanceof PushProblem)) throw error;
      problems.push(error);
      return [];
    }
  };
  const explicit: Entry[] = [];
  for (const [index, entry] of data.entries())
    explicit.push(...(await attempt(() => explicitEntry(entry, source, `data[${index}]`))));
  const taken = new Set(data.map((entry) => sourceKey(entry, source)));
  const expanded: Entry[] = [];
  for (const [index, entry] of dataTo.entries()) {
    if (entry.storeRef === undefined || !means(entry.storeRef, store)) continue;
    for (const made of await attempt(() => expand(entry, source.data, input.renderKey, `dataTo[${index}]`)))
      if (made.secretKey === undefined || !taken.has(made.secretKey)) expanded.push(made);
  }
  return [...expanded, ...explicit];
}

/** The key of the source, as it stands there, that an entry of `data` uses. */
function sourceKey({ match, conversionStrategy }: PushSecretData, source: Source): string | undefined {
  return convertedKeys(source.data, conversionStrategy).get(match.secretKey ?? '');
}

/** @throws PushProblem when the source has not what it names. */
function explicitEntry({ match, metadata, conversionStrategy }: PushSecretData, source: Source, where: string): Entry {
  const secretKey = match.secretKey === '' ? undefined : match.secretKey;
  const data = convertData(source.data, conversionStrategy);
  if (secretKey !== undefined && !data.has(secretKey)) {
    const keys = named([...data.keys()]);
    throw new PushProblem(
      `${where}.match.secretKey: Secret "${source.name}" has no key "${secretKey}"; it has ${keys}`,
      { permanent: true },
    );
  }
  const { remoteKey, property } = match.remoteRef;
  if (remoteKey === '')
    throw new PushProblem(`${where}.match.remoteRef.remoteKey is empty: name the value in the backend`, {
      permanent: true,
    });
  return {
    where,
    remoteKey,
    property: property === '' ? undefined : property,
    secretKey,
    bundle: undefined,
    metadata,
    conversion: conversionStrategy,
  };
}

const MOST_NAMED = 20;

function named(keys: readonly string[]): string {
  const more = keys.length > MOST_NAMED ? ` and ${keys.length - MOST_NAMED} more` : '';
  const first = keys.slice(0, MOST_NAMED).map((key) => `"${key}"`);
  return keys.length === 0 ? 'no keys' : `${first.join(', ')}${more}`;
}

/** How the entry stands in `status.syncedPushSecrets`. */
export function statusEntry({ secretKey, remoteKey, property, metadata, conversion }: Entry): PushSecretData {
  return {
    match: {
      ...(secretKey === undefined ? {} : { secretKey }),
      remoteRef: { remoteKey, ...(property === undefined ? {} : { property }) },
    },
    ...(metadata === undefined ? {} : { metadata }),
    conversionStrategy: conversion,
  };
}

function checkDataTo({ spec, stores }: PlanInput): void {
  for (const [index, { storeRef }] of (spec.dataTo ?? []).entries()) {
    const field = `dataTo[${index}].storeRef`;
    if (storeRef?.name === undefined && storeRef?.labelSelector === undefined)
      throw new PushProblem(`${field} needs a name or a labelSelector`, { permanent: true });
    if (storeRef.labelSelector !== undefined) {
      const problem = selectorProblem(storeRef.labelSelector);
      if (problem !== undefined) throw new PushProblem(`${field}.labelSelector: ${problem}`, { permanent: true });
      if (!stores.some((store) => means(storeRef, store)))
        throw new PushProblem(`${field}.labelSelector matches none of the stores in secretStoreRefs`, {
          permanent: true,
        });
      continue;
    }
    const isListed = spec.secretStoreRefs.some(
      ({ kind, name, labelSelector }) =>
        labelSelector === undefined && kind === storeRef.kind && name === storeRef.name,
    );
    if (!isListed)
      throw new PushProblem(`${field}: ${storeRef.kind} "${storeRef.name}" is not named in secretStoreRefs`, {
        permanent: true,
      });
  }
}

function pushedTwice(key: string, one: PlannedEntry, other: PlannedEntry): PushProblem {
  const named = ({ where, source }: PlannedEntry): string => `${where} (Secret "${source.name}")`;
  return new PushProblem(
    `${named(one)} and ${named(other)} both push to remote key "${key}"; give each a remote key or property of its own`,
    { permanent: true },
  );
}
