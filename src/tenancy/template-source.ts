/**
 * Reads a template out of a ConfigMap or Secret of an ExternalSecret's own namespace, and remembers that the ExternalSecret depends on
 * it, so that a changed template is rendered at once.
 */
import { configMaps, secrets } from '../api/resources.ts';
import type { KubeClient } from '../kube/client.ts';
import { NotFoundError } from '../kube/errors.ts';
import type { KubeObject } from '../kube/types.ts';
import { SecretValue } from '../secret-value.ts';
import type { Dependent, References } from './references.ts';

export interface TemplateSource {
  readonly kind: 'ConfigMap' | 'Secret';
  readonly name: string;
  readonly key: string;
}

interface Keyed extends KubeObject {
  readonly data?: Readonly<Record<string, string>>;
  readonly binaryData?: Readonly<Record<string, string>>;
}

/** @throws Error naming the object or the key that is missing. */
export async function readTemplateSource(
  { client, references }: { readonly client: KubeClient; readonly references: References },
  dependent: Dependent,
  { kind, name, key }: TemplateSource,
  signal: AbortSignal,
): Promise<SecretValue> {
  const { namespace } = dependent;
  references.add(dependent, { kind, namespace, name });
  const object = await read(client, kind, namespace, name, signal);
  const text = object.data?.[key];
  const binary = kind === 'Secret' ? text : object.binaryData?.[key];
  if (binary !== undefined) return SecretValue.ofBytes(Buffer.from(binary, 'base64'));
  if (text !== undefined) return SecretValue.ofText(text);
  throw new Error(`${kind} ${namespace}/${name} has no key "${key}"`);
}

async function read(
  client: KubeClient,
  kind: TemplateSource['kind'],
  namespace: string,
  name: string,
  signal: AbortSignal,
): Promise<Keyed> {
  try {
    return await client.get<Keyed>(kind === 'Secret' ? secrets : configMaps, { namespace, name }, { signal });
  } catch (error) {
    if (!(error instanceof NotFoundError)) throw error;
    throw new Error(`${kind} "${name}" not found in namespace "${namespace}"`, { cause: error });
  }
}
