/**
 * `node sandbox/kube/parity/generated.ts REAL-URL [ROUNDS] [SEED]`: makes objects of every checked-in definition, right
 * and wrong ones, dry-runs their creation on a real API server (through `kubectl proxy`, definitions applied) and on a
 * sandbox, and prints where status, warnings, causes or the defaulted object differ. Ends with 1 when something does.
 */
import { isDeepStrictEqual } from 'node:util';
import { systemClock } from '../../../src/clock.ts';
import { checkedInDefinitions } from '../definitions.ts';
import type { Json, JsonObject } from '../json.ts';
import { isObject, listAt, objectAt, textAt } from '../json.ts';
import { startKube } from '../server.ts';

/** A small reproducible generator: numbers from 0 to below 1. */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => (state = (state * 1103515245 + 12345) % 2147483648) / 2147483648;
}

const TEXTS = ['a', 'abc', 'A_b', '', 'x'.repeat(300), '1h', 'a/b', 'Ünï'];
const STRAYS: readonly Json[] = [null, 1, 'x', true, {}, [], { a: 1 }];
const MANY_MEMBERS = 10;

class Maker {
  readonly #random: () => number;

  constructor(random: () => number) {
    this.#random = random;
  }

  pick<T>(list: readonly T[]): T {
    return list[Math.floor(this.#random() * list.length)] as T;
  }

  /** A value that mostly fits the schema, sometimes not. */
  value(schema: JsonObject, depth = 0): Json {
    if (this.#random() < 0.03) return this.pick(STRAYS);
    if (Array.isArray(schema['enum'])) return this.#random() < 0.9 ? this.pick(listAt(schema, 'enum')) : 'nope';
    if (schema['x-kubernetes-int-or-string'] === true) return this.pick([1, '1']);
    switch (schema['type']) {
      case 'string':
        return this.#text(schema['format']);
      case 'integer':
        return this.pick([0, 1, 5, -1, 1000]);
      case 'number':
        return this.pick([0, 1.5]);
      case 'boolean':
        return this.#random() < 0.5;
      case 'array':
        return Array.from({ length: Math.floor(this.#random() * 3) }, () =>
          this.value(objectAt(schema, 'items'), depth + 1),
        );
      case 'object':
        return this.#object(schema, depth);
      default:
        return this.pick<Json>([1, 'a', { b: [1] }]);
    }
  }

  #text(format: Json | undefined): Json {
    if (format === 'byte') return this.pick(['YQ==', '!']);
    return format === 'date-time' ? this.pick(['2026-01-01T00:00:00Z', 'x']) : this.pick(TEXTS);
  }

  #object(schema: JsonObject, depth: number): Json {
    const properties = Object.entries(objectAt(schema, 'properties'));
    const required = listAt(schema, 'required');
    const usual = properties.length > MANY_MEMBERS ? 2 / properties.length : depth > 4 ? 0.15 : 0.45;
    const members = properties
      .filter(([name]) => this.#random() < (required.includes(name) ? 0.93 : usual))
      .map(([name, member]) => [name, this.value(member as JsonObject, depth + 1)] as const);
    const { additionalProperties } = schema;
    const free = isObject(additionalProperties)
      ? ['k1', 'k2'].map((key) => [key, this.value(additionalProperties, depth + 1)] as const)
      : [];
    const unknown = this.#random() < 0.04 ? [['unknownThing', 1] as const] : [];
    return Object.fromEntries([...members, ...free, ...unknown]);
  }
}

interface Case {
  readonly path: string;
  readonly object: JsonObject;
}

function* cases(maker: Maker): Generator<Case> {
  for (const definition of checkedInDefinitions()) {
    const spec = objectAt(definition, 'spec');
    for (const version of listAt(spec, 'versions')) {
      if (!isObject(version) || version['served'] !== true) continue;
      const apiVersion = `${textAt(spec, 'group') ?? ''}/${textAt(version, 'name') ?? ''}`;
      const where = spec['scope'] === 'Namespaced' ? 'namespaces/default/' : '';
      const validation = maker.pick(['', '&fieldValidation=Strict', '&fieldValidation=Ignore']);
      yield {
        path: `/apis/${apiVersion}/${where}${textAt(spec, 'names', 'plural') ?? ''}?dryRun=All${validation}`,
        object: {
          apiVersion,
          kind: textAt(spec, 'names', 'kind') ?? '',
          metadata: { name: 'x' },
          spec: maker.value(objectAt(version, 'schema', 'openAPIV3Schema', 'properties', 'spec')),
        },
      };
    }
  }
}

async function ask(base: string, { path, object }: Case): Promise<unknown> {
  const headers = { 'content-type': 'application/json' };
  const response = await fetch(base + path, { method: 'POST', headers, body: JSON.stringify(object) });
  const body: unknown = JSON.parse(await response.text(), (key, value: unknown) => masked(key, value));
  return { status: response.status, warnings: response.headers.get('warning'), body };
}

/** Messages repeat the causes in random order; times and UIDs differ by nature. */
function masked(key: string, value: unknown): unknown {
  if (['uid', 'creationTimestamp', 'managedFields'].includes(key)) return undefined;
  if (key === 'message' && typeof value === 'string') return value.includes(' is invalid: ') ? undefined : value;
  if (key !== 'causes' || !Array.isArray(value)) return value;
  return [...new Set(value.map((cause) => JSON.stringify(cause)))].toSorted((a, b) => (a < b ? -1 : 1));
}

async function main(): Promise<void> {
  const [real, rounds = '10', seed = '1'] = process.argv.slice(2);
  if (real === undefined) throw new Error('usage: node sandbox/kube/parity/generated.ts REAL-URL [ROUNDS] [SEED]');
  const kube = await startKube({ clock: systemClock });
  const maker = new Maker(randomFrom(Number(seed)));
  let [asked, different] = [0, 0];
  for (let round = 0; round < Number(rounds); round++) {
    for (const one of cases(maker)) {
      asked++;
      const [a, b] = [await ask(real, one), await ask(kube.url, one)];
      if (isDeepStrictEqual(a, b)) continue;
      different++;
      console.log(
        `${one.path}\n  ${JSON.stringify(one.object)}\n  real    ${JSON.stringify(a)}\n  sandbox ${JSON.stringify(b)}`,
      );
    }
  }
  console.log(`${asked} objects, ${different} judged differently`);
  await kube.stop();
  process.exitCode = different === 0 ? 0 : 1;
}

if (import.meta.main) await main();
