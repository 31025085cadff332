/**
 * Whether an object may be stored (`api.md` 11). The same checks as in the reconcile: what is refused here is what the
 * controllers would refuse to work with.
 *
 *     DELETE, a subresource, an object that is being deleted, an UPDATE with the same spec ──▶ allowed (D11)
 *     cannot be read ──▶ 400        something is wrong ──▶ 403        else allowed, perhaps with warnings
 */
import { isDeepStrictEqual } from 'node:util';
import { z } from 'zod';
import { checkExternalSecret, checkGenerators } from '../api/external-secret-checks.ts';
import { externalSecretSpec, type ExternalSecret } from '../api/external-secret.ts';
import { openObject } from '../api/fields.ts';
import type { CustomResource } from '../api/object.ts';
import { GROUP } from '../api/resources.ts';
import { checkStore, type CheckedProvider, type StoreKind, type StoreRules } from '../api/secret-store-checks.ts';
import { secretStoreSpec, type SecretStore } from '../api/secret-store.ts';
import type { ProviderDeclaration } from '../providers/provider.ts';
import { describeIssue, type ReviewRequest, type Verdict } from './review.ts';

export interface Rules {
  readonly providers: readonly ProviderDeclaration[];
  /** Reads a regular expression. @throws Error */
  readonly compile: StoreRules['compile'];
  /** Kinds of generators that this build cannot run: what names one is admitted with a warning (D11). */
  readonly unavailableGenerators: readonly string[];
}

/** The spec cannot be read: it has the wrong shape. */
class UnreadableError extends Error {
  override readonly name = 'UnreadableError';
}

type Findings = { readonly errors: readonly string[]; readonly warnings: readonly string[] };

const ALLOWED: Verdict = { allowed: true, code: 200, message: '', warnings: [] };

/** @param kind the kind that the path of the request stands for */
export function judge(kind: StoreKind | 'ExternalSecret', request: ReviewRequest, rules: Rules): Verdict {
  if (request.kind.group !== GROUP || request.kind.kind !== kind) {
    return unreadable(`this path is for ${kind}, not for ${request.kind.kind}`);
  }
  if (request.operation !== 'CREATE' && request.operation !== 'UPDATE') return ALLOWED;
  if ((request.subResource ?? '') !== '') return ALLOWED;
  try {
    const object = readObject(request.object, request);
    if (request.operation === 'UPDATE' && needsNoCheck(object, request.oldObject)) return ALLOWED;
    return verdictOn(
      kind === 'ExternalSecret' ? checkedExternalSecret(object, rules) : checkedStore(kind, object, rules),
    );
  } catch (error) {
    if (error instanceof UnreadableError) return unreadable(error.message);
    throw error;
  }
}

function verdictOn({ errors, warnings }: Findings): Verdict {
  if (errors.length === 0) return { ...ALLOWED, warnings };
  return { allowed: false, code: 403, message: errors.join('\n'), warnings };
}

function unreadable(message: string): Verdict {
  return { allowed: false, code: 400, message, warnings: [] };
}

type RawObject = CustomResource<unknown>;

const objectSchema = z.looseObject({
  metadata: z.looseObject({
    name: z.string().optional(),
    namespace: z.string().optional(),
    deletionTimestamp: z.string().optional(),
  }),
});

function readObject(object: unknown, { name, namespace }: ReviewRequest): RawObject {
  const read = parsed(objectSchema, object, '');
  // The request says where the object is to be stored, even if the object does not.
  const where = { ...(name === undefined ? {} : { name }), ...(namespace === undefined ? {} : { namespace }) };
  return { ...read, metadata: { ...where, ...read.metadata } } as RawObject;
}

function needsNoCheck({ metadata, spec }: RawObject, old: unknown): boolean {
  if (metadata.deletionTimestamp !== undefined) return true;
  return isDeepStrictEqual(spec, (old as Partial<RawObject> | null | undefined)?.spec);
}

function checkedExternalSecret({ spec, ...rest }: RawObject, rules: Rules): Findings {
  const read = spec === undefined ? {} : { spec: parsed(externalSecretSpec, spec, 'spec') };
  const es: ExternalSecret = { ...rest, ...read };
  return { errors: checkExternalSecret(es), warnings: checkGenerators(es, rules.unavailableGenerators) };
}

/** What providers say of themselves is read later, so that the checks keep their order. */
const storeSpec = secretStoreSpec([]).extend({ provider: openObject.optional() });

function checkedStore(kind: StoreKind, { spec, ...rest }: RawObject, { providers, compile }: Rules): Findings {
  const read = spec === undefined ? {} : { spec: parsed(storeSpec, spec, 'spec') };
  return checkStore(kind, { ...rest, ...read } as SecretStore, { compile, providers: providers.map(readingProvider) });
}

function readingProvider(provider: ProviderDeclaration): CheckedProvider {
  const { name, maintenance } = provider;
  const read = (spec: unknown): unknown => parsed(provider.spec, spec, `spec.provider.${name}`);
  return { name, maintenance, check: (spec, store) => provider.check(read(spec), store) };
}

/** @throws UnreadableError */
function parsed<T>(schema: z.ZodType<T>, value: unknown, field: string): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const issues = result.error.issues.map((issue) =>
    describeIssue({ ...issue, path: field === '' ? issue.path : [field, ...issue.path] }),
  );
  throw new UnreadableError(issues.join('\n'));
}
