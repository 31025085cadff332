/**
 * From a `generatorRef` to the generator that runs: read fresh, because that happens once per refresh and a stale spec would make the
 * wrong values. A ClusterGenerator becomes the generator it holds, as if that stood in the consumer's namespace.
 */
import { generatorSchemas, type ClusterGeneratorSpec } from '../api/generators/schemas.ts';
import type { GeneratorRef } from '../api/references.ts';
import { clusterGenerators, generatorResources, GENERATORS_GROUP } from '../api/resources.ts';
import type { KubeClient } from '../kube/client.ts';
import { NotFoundError } from '../kube/errors.ts';
import { apiVersionOf, type KubeObject, type Resource, type Stored } from '../kube/types.ts';
import { GeneratorError, GeneratorNotFoundError, TerminalGeneratorError, unavailable } from './errors.ts';
import type { GeneratorDeclaration } from './generator.ts';
import { findGenerator } from './registry.ts';

type GeneratorObject = Stored<KubeObject & { readonly spec?: Readonly<Record<string, unknown>> }>;

/** The manifest of a namespaced generator: what a GeneratorState keeps as `spec.resource`. */
export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace: string };
  readonly spec: unknown;
}

export interface ResolvedGenerator {
  readonly manifest: Manifest;
  /** Of the object that was named: the ClusterGenerator, if that. */
  readonly object: { readonly kind: string; readonly uid: string; readonly generation: number };
}

export interface RunnableGenerator {
  readonly declaration: GeneratorDeclaration;
  /** Parsed. */
  readonly spec: unknown;
}

const SERVED_VERSION = 'v1alpha1';
const resources = new Map<string, Resource>(generatorResources.map((resource) => [resource.kind, resource]));
const clusterKeys = new Map<string, string>(generatorSchemas([]).map(({ kind, clusterKey }) => [kind, clusterKey]));

/**
 * @throws TerminalGeneratorError for a reference that can never work, GeneratorNotFoundError, or what the API server answers
 */
export async function resolveGenerator(
  client: Pick<KubeClient, 'get'>,
  ref: GeneratorRef,
  namespace: string,
  signal: AbortSignal,
): Promise<ResolvedGenerator> {
  const resource = resourceOf(ref);
  const isCluster = resource.kind === clusterGenerators.kind;
  const found = await read(client, resource, { namespace: isCluster ? undefined : namespace, name: ref.name }, signal);
  const { uid, generation = 0, name } = found.metadata;
  const { kind, spec } = isCluster ? unwrapped(found) : { kind: resource.kind, spec: found.spec ?? {} };
  const apiVersion = apiVersionOf(resource);
  return {
    manifest: { apiVersion, kind, metadata: { name, namespace }, spec },
    object: { kind: resource.kind, uid, generation },
  };
}

/** @throws TerminalGeneratorError when it is not in this build, GeneratorError when the spec does not fit the schema */
export function runnable({ kind, metadata, spec }: Manifest): RunnableGenerator {
  const declaration = findGenerator(kind);
  if (declaration === undefined) throw unavailable(kind);
  const parsed = declaration.spec.safeParse(spec);
  if (parsed.success) return { declaration, spec: parsed.data };
  const issues = parsed.error.issues.map(({ path, message }) => `spec.${path.map(String).join('.')}: ${message}`);
  throw new GeneratorError(`${kind} "${metadata.name}": ${issues.join('; ')}`);
}

function resourceOf({ apiVersion, kind }: GeneratorRef): Resource {
  const [group, version] = apiVersion.split('/');
  if (group !== GENERATORS_GROUP || version !== SERVED_VERSION)
    throw new TerminalGeneratorError(
      `generatorRef.apiVersion is "${apiVersion}": generators have ${GENERATORS_GROUP}/${SERVED_VERSION}`,
    );
  const resource = resources.get(kind);
  if (resource === undefined)
    throw new TerminalGeneratorError(`generatorRef.kind is "${kind}": there is no such generator`);
  // Before it is read: the chart gives no right to read what nobody could run.
  if (kind !== clusterGenerators.kind && findGenerator(kind) === undefined) throw unavailable(kind);
  return resource;
}

async function read(
  client: Pick<KubeClient, 'get'>,
  resource: Resource,
  name: { readonly namespace: string | undefined; readonly name: string },
  signal: AbortSignal,
): Promise<GeneratorObject> {
  try {
    return await client.get<GeneratorObject>(resource, name, { signal });
  } catch (error) {
    if (!(error instanceof NotFoundError)) throw error;
    const where = name.namespace === undefined ? '' : ` in namespace "${name.namespace}"`;
    throw new GeneratorNotFoundError(`${resource.kind} "${name.name}" not found${where}`, { cause: error });
  }
}

function unwrapped({ metadata, spec }: GeneratorObject): { kind: string; spec: unknown } {
  const { kind, generator = {} } = (spec ?? {}) as Partial<ClusterGeneratorSpec>;
  const named = `ClusterGenerator "${metadata.name}"`;
  const key = clusterKeys.get(kind ?? '');
  if (kind === undefined || key === undefined)
    throw new TerminalGeneratorError(
      `${named}: spec.kind is ${JSON.stringify(kind ?? '')}: there is no such generator`,
    );
  const members = Object.keys(generator);
  if (members.length !== 1 || members[0] !== key)
    throw new TerminalGeneratorError(
      `${named}: spec.kind is ${kind}, so spec.generator must hold ${key} and nothing else, it holds ${members.join(', ') || 'nothing'}`,
    );
  return { kind, spec: generator[key] };
}
