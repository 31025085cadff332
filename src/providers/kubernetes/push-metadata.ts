/**
 * `metadata` of a push to a cluster (`api.md` 6.5): which labels and annotations the remote Secret gets, and in which
 * namespace it is. Pure.
 */
import { z } from 'zod';
import { InvalidRefError } from '../errors.ts';
import type { PushEntry, PushSource } from '../provider.ts';
import { combinedMetadata, pushMetadata } from '../push-metadata.ts';

const texts = z.record(z.string(), z.string()).optional();

const metadataSchema = z.object({
  targetMergePolicy: z.enum(['Merge', 'Replace', 'Ignore']).optional(),
  sourceMergePolicy: z.enum(['Merge', 'Replace']).optional(),
  labels: texts,
  annotations: texts,
  remoteNamespace: z.string().optional(),
});

export type Texts = Readonly<Record<string, string>>;

export interface Marks {
  readonly labels: Texts;
  readonly annotations: Texts;
}

const NAMESPACE = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/;
/** Belongs to whoever applied the source, or to the operator that looks after it: a copy would mislead both. */
const NOT_COPIED = /^(?:kubectl\.kubernetes\.io\/last-applied-configuration$|reconcile\.external-secrets\.io\/)/;

/**
 * The namespace an entry goes to. `own` is the store's.
 * @throws InvalidRefError when the entry names one and the store is no ClusterSecretStore
 */
export function namespaceOf(entry: Pick<PushEntry, 'metadata'>, own: string, isClusterStore: boolean): string {
  const { remoteNamespace } = pushMetadata(metadataSchema, entry.metadata);
  if (remoteNamespace === undefined || remoteNamespace === '') return own;
  if (!isClusterStore && remoteNamespace !== own)
    throw new InvalidRefError(
      `metadata.remoteNamespace: "${remoteNamespace}" can be named with a ClusterSecretStore only; this SecretStore writes to ` +
        `"${own}"`,
    );
  if (!NAMESPACE.test(remoteNamespace))
    throw new InvalidRefError(`metadata.remoteNamespace: ${JSON.stringify(remoteNamespace)} cannot be a namespace`);
  return remoteNamespace;
}

/** Labels and annotations of the remote Secret after the push; `there` undefined: it is made. */
export function pushedMarks(entries: readonly PushEntry[], source: PushSource, there: Marks | undefined): Marks {
  const metadata = combinedMetadata(metadataSchema, entries);
  const { sourceMergePolicy = 'Merge', targetMergePolicy = 'Merge' } = metadata;
  const wanted = (part: keyof Marks): Texts =>
    sourceMergePolicy === 'Replace' ? (metadata[part] ?? {}) : { ...copied(source[part]), ...metadata[part] };
  const merged = (part: keyof Marks): Texts => {
    if (targetMergePolicy === 'Ignore') return there?.[part] ?? {};
    return targetMergePolicy === 'Replace' ? wanted(part) : { ...there?.[part], ...wanted(part) };
  };
  return { labels: merged('labels'), annotations: merged('annotations') };
}

function copied(texts: Texts): Texts {
  return Object.fromEntries(Object.entries(texts).filter(([name]) => !NOT_COPIED.test(name)));
}
