/** AdmissionReview, v1 and v1beta1: the two have the same members as far as a validating webhook needs them. */
import { z } from 'zod';

const reviewSchema = z.object({
  apiVersion: z.enum(['admission.k8s.io/v1', 'admission.k8s.io/v1beta1']),
  kind: z.literal('AdmissionReview'),
  request: z.object({
    uid: z.string(),
    kind: z.object({ group: z.string(), version: z.string(), kind: z.string() }),
    subResource: z.string().optional(),
    name: z.string().optional(),
    namespace: z.string().optional(),
    operation: z.string(),
    object: z.unknown().optional(),
    oldObject: z.unknown().optional(),
  }),
});

export type Review = z.infer<typeof reviewSchema>;
export type ReviewRequest = Review['request'];

/** What is answered to a request. */
export interface Verdict {
  readonly allowed: boolean;
  /** 200 when allowed, 403 when refused, 400 when the object cannot be read. */
  readonly code: 200 | 400 | 403;
  /** Why not, one problem per line. Never holds a value of the object that may be secret. */
  readonly message: string;
  readonly warnings: readonly string[];
}

/** Something that is no AdmissionReview. The message says what is wrong without quoting it. */
export class ReviewError extends Error {
  override readonly name = 'ReviewError';
}

/** @throws ReviewError */
export function parseReview(text: string): Review {
  const result = reviewSchema.safeParse(parseJson(text));
  if (result.success) return result.data;
  throw new ReviewError(`the body is no AdmissionReview: ${result.error.issues.map(describeIssue).join('; ')}`);
}

/** The parser's own message quotes the text, which may hold a value. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw new ReviewError('the body is not JSON');
  }
}

/** `spec.data[0].secretKey: expected string`: zod's messages tell types and rules, never the input. */
export function describeIssue({ path, message }: z.core.$ZodIssue): string {
  const field = path
    .map((part, i) => (typeof part === 'number' ? `[${part}]` : `${i === 0 ? '' : '.'}${String(part)}`))
    .join('');
  return field === '' ? message : `${field}: ${message}`;
}

/** The body of the answer. */
export function answerTo({ apiVersion, kind, request }: Review, verdict: Verdict): string {
  const { allowed, code, message, warnings } = verdict;
  const reason = code === 403 ? 'Forbidden' : 'BadRequest';
  const status = allowed ? { metadata: {}, code } : { metadata: {}, status: 'Failure', message, reason, code };
  const response = {
    uid: request.uid,
    allowed,
    status,
    ...(warnings.length === 0 ? {} : { warnings: warnings.map(plain) }),
  };
  return JSON.stringify({ kind, apiVersion, response });
}

/** Warnings travel in a header: the API server drops those with line ends, and not every proxy passes on other letters. */
function plain(warning: string): string {
  return warning
    .replaceAll(/[‘’]/g, "'")
    .replaceAll(/[“”]/g, '"')
    .replaceAll(/[^\x20-\x7e]+/g, ' ');
}
