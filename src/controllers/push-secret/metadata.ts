/**
 * The envelope around an entry's `metadata` (`providers.md` 1.10). What is in it is the provider's to check. Pure.
 */
import { PushProblem } from './problem.ts';

const API_VERSION = 'kubernetes.external-secrets.io/v1alpha1';
const KIND = 'PushSecretMetadata';

/** The `spec` inside; undefined when there is no metadata. @throws PushProblem when it is no such envelope. */
export function metadataSpec(metadata: unknown, where: string): unknown {
  if (metadata === undefined || metadata === null) return undefined;
  const refuse = (what: string): never => {
    throw new PushProblem(`${where}: metadata ${what}; it must have apiVersion ${API_VERSION}, kind ${KIND} and spec`, {
      permanent: true,
    });
  };
  if (typeof metadata !== 'object' || Array.isArray(metadata)) return refuse('is not an object');
  const { apiVersion, kind, spec, ...others } = metadata as Record<string, unknown>;
  if (apiVersion !== API_VERSION) return refuse(`has apiVersion ${JSON.stringify(apiVersion)}`);
  if (kind !== KIND) return refuse(`has kind ${JSON.stringify(kind)}`);
  const [unknown] = Object.keys(others);
  return unknown === undefined ? spec : refuse(`has the unknown field "${unknown}"`);
}

/** The same out of the status, where it may be of any age: what is no envelope is none. */
export function knownMetadataSpec(metadata: unknown): unknown {
  try {
    return metadataSpec(metadata, 'status');
  } catch (error) {
    if (error instanceof PushProblem) return undefined;
    throw error;
  }
}
