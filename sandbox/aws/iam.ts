/**
 * Identity policies as IAM reads them, as far as the documents in people's hands go: Allow and Deny, actions and resources with
 * wildcards, `StringEquals` and `StringLike` on the tags of a resource and of a request.
 */
import type { Attempt } from './faults.ts';
import { list, type Json } from './wire.ts';

export interface Statement {
  readonly Effect: 'Allow' | 'Deny';
  readonly Action: string | readonly string[];
  readonly Resource: string | readonly string[];
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, string | readonly string[]>>>>;
}

export interface PolicyDocument {
  readonly Statement: Statement | readonly Statement[];
}

/** Do these policies together allow what is attempted? */
export function allows(policies: readonly PolicyDocument[], attempt: Attempt): boolean {
  const statements = policies
    .flatMap(({ Statement }) => listOf(Statement))
    .filter((statement) => fits(statement, attempt));
  return statements.some(({ Effect }) => Effect === 'Allow') && !statements.some(({ Effect }) => Effect === 'Deny');
}

function fits({ Action, Resource, Condition = {} }: Statement, attempt: Attempt): boolean {
  const action = `${attempt.service}:${attempt.action}`;
  return (
    listOf(Action).some((pattern) => like(pattern.toLowerCase(), action.toLowerCase())) &&
    listOf(Resource).some((pattern) => like(pattern, attempt.resource)) &&
    Object.entries(Condition).every(([operator, keys]) => holds(operator, keys, attempt))
  );
}

function holds(
  operator: string,
  keys: Readonly<Record<string, string | readonly string[]>>,
  attempt: Attempt,
): boolean {
  if (operator !== 'StringEquals' && operator !== 'StringLike')
    throw new Error(`the sandbox does not know the condition operator ${operator}`);
  return Object.entries(keys).every(([key, wanted]) => {
    const actual = valueOf(key, attempt);
    const meets = (value: string): boolean => (operator === 'StringLike' ? like(value, actual!) : value === actual);
    return actual !== undefined && listOf(wanted).some(meets);
  });
}

/** `aws:ResourceTag/x`, `secretsmanager:ResourceTag/x`, `aws:RequestTag/x`. What is not there yet has no tags. */
function valueOf(key: string, { tags, request }: Attempt): string | undefined {
  const [, kind, name = ''] = /^[a-z]+:(ResourceTag|RequestTag)\/(.+)$/i.exec(key) ?? [];
  if (kind?.toLowerCase() === 'resourcetag') return tags?.get(name);
  if (kind?.toLowerCase() === 'requesttag') return requestTag(request, name);
  throw new Error(`the sandbox does not know the condition key ${key}`);
}

function requestTag(request: Json, name: string): string | undefined {
  const tags = list(request, 'Tags') as readonly { readonly Key: string; readonly Value: string }[];
  return tags.find(({ Key }) => Key === name)?.Value;
}

function like(pattern: string, text: string): boolean {
  const source = pattern
    .replaceAll(/[.+^${}()|[\]\\]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.');
  return new RegExp(`^${source}$`, 's').test(text);
}

function listOf<T>(value: T | readonly T[]): readonly T[] {
  return Array.isArray(value) ? (value as readonly T[]) : [value as T];
}
