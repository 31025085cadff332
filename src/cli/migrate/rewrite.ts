/**
 * Rewrites what is stored in an older version, then takes that version off `status.storedVersions`. An empty patch is enough: the API
 * server stores what it would write today, and nothing where that is the same. So it may be broken off and begun again at any time,
 * it overwrites nobody's change, and no operator sees a new generation.
 */
import { customResourceDefinitions } from '../../api/resources.ts';
import type { KubeClient } from '../../kube/client.ts';
import { DeniedError, InvalidError, NotFoundError } from '../../kube/errors.ts';
import type { Resource, Stored } from '../../kube/types.ts';
import { listAll } from '../list-all.ts';
import { nameOf } from './finding.ts';
import { oldVersions } from './findings.ts';
import { storageVersion, type Definition } from './survey.ts';

export interface Rewritten {
  /** Name of the definition. */
  readonly definition: string;
  readonly objects: number;
  /** `Kind namespace/name: why`. Not empty: the stored versions stay as they were. */
  readonly failed: readonly string[];
  /** What was taken off the list. */
  readonly dropped: readonly string[];
}

const AT_ONCE = 20;

/** Definitions whose objects are all stored in the current version are left out. */
export async function rewriteStored(
  client: KubeClient,
  definitions: readonly Stored<Definition>[],
): Promise<readonly Rewritten[]> {
  const results: Rewritten[] = [];
  for (const definition of definitions) {
    // What is written as v1beta1 today gains nothing by being written again.
    if (oldVersions(definition).length === 0 || storageVersion(definition) === 'v1beta1') continue;
    results.push(await rewriteKind(client, definition));
  }
  return results;
}

async function rewriteKind(client: KubeClient, definition: Stored<Definition>): Promise<Rewritten> {
  const { group, names, scope } = definition.spec;
  const resource = { group, version: storageVersion(definition), ...names, namespaced: scope === 'Namespaced' };
  const objects = await listAll(client, resource, { metadataOnly: true });
  const failed: string[] = [];
  for (let start = 0; start < objects.length; start += AT_ONCE) {
    const reasons = await Promise.all(
      objects.slice(start, start + AT_ONCE).map((each) => touch(client, resource, each)),
    );
    failed.push(...reasons.filter((reason) => reason !== undefined));
  }
  const dropped = failed.length > 0 ? [] : await dropVersions(client, definition);
  return { definition: definition.metadata.name, objects: objects.length, failed, dropped };
}

/** @returns why it could not be written. An API server that is away ends all of it instead. */
async function touch(client: KubeClient, resource: Resource, object: Stored): Promise<string | undefined> {
  const { namespace, name } = object.metadata;
  try {
    await client.patch(resource, { namespace, name }, {}, { type: 'merge', fieldManager: 'external-secrets-migrate' });
    return undefined;
  } catch (error) {
    if (error instanceof NotFoundError) return undefined;
    if (error instanceof InvalidError || error instanceof DeniedError)
      return `${nameOf(object, resource.kind)}: ${error.message}`;
    throw error;
  }
}

/** The version guards against a definition that was changed meanwhile: then old objects may have been written again. */
async function dropVersions(client: KubeClient, definition: Stored<Definition>): Promise<readonly string[]> {
  const { name, resourceVersion } = definition.metadata;
  const patch = { metadata: { resourceVersion }, status: { storedVersions: [storageVersion(definition)] } };
  await client.patch(customResourceDefinitions, { name }, patch, { type: 'merge', subresource: 'status' });
  return oldVersions(definition);
}
