/**
 * Reads what is pushed: one Secret by name or all that match labels, and remembers that they are watched (`behaviour.md` 3.3).
 */
import { createHash } from 'node:crypto';
import { secrets } from '../../api/resources.ts';
import type { PushSecretSpec } from '../../api/push-secret.ts';
import type { GeneratorRef } from '../../api/references.ts';
import type { LabelSelector } from '../../api/selectors.ts';
import type { Generation } from '../../generators/index.ts';
import { NotFoundError } from '../../kube/errors.ts';
import type { Stored } from '../../kube/types.ts';
import { SecretValue } from '../../secret-value.ts';
import type { PushSource } from '../../providers/provider.ts';
import { formatSelector, selectorProblem } from '../label-selector.ts';
import { decodedData, type SecretObject } from '../external-secret/secret-object.ts';
import type { Gathered } from './gather.ts';
import type { Deps } from './deps.ts';
import { PushProblem } from './problem.ts';

/** A Secret as it was read. */
export interface Source extends PushSource {
  readonly name: string;
  readonly uid: string;
  readonly resourceVersion: string;
}

/** State of generators is kept under this name (`behaviour.md` 3.3). */
const SLOT = '__pushsecret';
const GENERATED = '___generated-secret';

/** Values made for this pass: a Secret that exists nowhere. */
export async function generatedSource(
  generation: Pick<Generation, 'generate'>,
  ref: GeneratorRef,
  madeAt: number,
  signal: AbortSignal,
): Promise<Source> {
  const data = await generation.generate(ref, SLOT, signal);
  // Its version is the time: no two are the same.
  const version = { uid: '', resourceVersion: String(madeAt) };
  return { name: GENERATED, ...version, data, type: 'Opaque', labels: {}, annotations: {} };
}

/** In the order of their names. Empty: there is none. @throws PushProblem when the selector says nothing that can be read. */
export async function readSources(deps: Deps, gathered: Gathered, signal: AbortSignal): Promise<readonly Source[]> {
  const found = await find(deps, gathered, gathered.spec.selector, signal);
  const { record } = gathered;
  record.sourceVersions.clear();
  for (const source of found) record.sourceVersions.set(source.name, source.resourceVersion);
  record.looked = true;
  return found;
}

async function find(
  deps: Deps,
  gathered: Gathered,
  selector: PushSecretSpec['selector'],
  signal: AbortSignal,
): Promise<readonly Source[]> {
  const { name, selector: labels } = selector.secret ?? {};
  if (name !== undefined) return byName(deps, gathered, name, signal);
  if (labels !== undefined) return byLabels(deps, gathered, labels, signal);
  throw new PushProblem('spec.selector.secret needs a name or a selector', { permanent: true });
}

async function byName(
  deps: Deps,
  { namespace, dependent }: Gathered,
  name: string,
  signal: AbortSignal,
): Promise<readonly Source[]> {
  // Before it is read: a change between the two must not be missed.
  deps.watchSource(dependent, name);
  try {
    return [sourceOf(await deps.client.get<SecretObject>(secrets, { namespace, name }, { signal }))];
  } catch (error) {
    if (error instanceof NotFoundError) return [];
    throw error;
  }
}

async function byLabels(
  deps: Deps,
  { namespace, dependent }: Gathered,
  labels: LabelSelector,
  signal: AbortSignal,
): Promise<readonly Source[]> {
  const problem = selectorProblem(labels);
  if (problem !== undefined) throw new PushProblem(`spec.selector.secret.selector: ${problem}`, { permanent: true });
  const { items } = await deps.client.list<SecretObject>(secrets, {
    namespace,
    labelSelector: formatSelector(labels),
    signal,
  });
  for (const { metadata } of items) deps.watchSource(dependent, metadata.name);
  return items.map(sourceOf).sort((a, b) => (a.name < b.name ? -1 : 1));
}

function sourceOf(secret: Stored<SecretObject>): Source {
  const { name, uid, resourceVersion, labels = {}, annotations = {} } = secret.metadata;
  // In the order of their names: what is told of them must not change with the order in which they were written.
  const sorted = [...decodedData(secret)].sort(([a], [b]) => (a < b ? -1 : 1));
  const data = new Map(sorted.map(([key, bytes]) => [key, SecretValue.ofBytes(bytes)]));
  return { name, uid, resourceVersion, data, type: secret.type ?? 'Opaque', labels, annotations };
}

/** Which objects in which versions: tells after a restart whether a source has changed meanwhile. Holds nothing of their values. */
export function versionOfSources(sources: readonly Source[]): string {
  const hash = createHash('sha256');
  for (const { name, uid, resourceVersion } of sources) hash.update(`${name} ${uid} ${resourceVersion}\n`);
  return hash.digest('hex').slice(0, 32);
}
