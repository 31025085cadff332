/**
 * What a call to Vault made, as far as its answer tells: a lease, a token, or nothing that must be cleaned up. In the form that is
 * stored in a GeneratorState: names and times, never a value (D34).
 */
import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import {
  numberMember,
  readIssued,
  textMember,
  type IssuedToken,
  type VaultAnswer,
} from '../../providers/vault/own-token.ts';
import { isJsonObject } from '../../providers/json/index.ts';
import { GeneratorError } from '../errors.ts';

const token = z.object({
  accessor: z.string(),
  /** Seconds it was given, and is given again by a renewal. 0: it does not expire. */
  seconds: z.number(),
  renewable: z.boolean(),
});

const state = z.object({
  id: z.string(),
  /** The token we logged in with. Absent: it is not ours, or cannot be named. */
  login: token.optional(),
  /** The token that was made. */
  token: token.optional(),
  lease: z.object({ id: z.string(), seconds: z.number(), renewable: z.boolean() }).optional(),
});
export type MadeState = Readonly<z.infer<typeof state>>;

export interface Made {
  readonly state: MadeState;
  /** The token that was made, with its value. */
  readonly token: IssuedToken | undefined;
}

/** Undefined when nothing was made that ends with our token. */
export function madeBy(answer: VaultAnswer, login: IssuedToken | undefined): Made | undefined {
  const leaseId = textMember(answer.envelope, 'lease_id');
  const made = answer.auth === undefined ? undefined : readIssued(answer.auth);
  const isWrapped = isJsonObject(answer.envelope.get('wrap_info'));
  if (leaseId === '' && made === undefined && !isWrapped) return undefined;
  const lease = {
    id: leaseId,
    seconds: numberMember(answer.envelope, 'lease_duration'),
    renewable: answer.envelope.get('renewable') === true,
  };
  return {
    token: made,
    state: {
      id: randomUUID(),
      ...(login === undefined || login.accessor === '' ? {} : { login: named(login) }),
      ...(made === undefined || made.accessor === '' ? {} : { token: named(made) }),
      ...(leaseId === '' ? {} : { lease }),
    },
  };
}

function named({ accessor, ttlMs, renewable, isBatch, uses }: IssuedToken): z.infer<typeof token> {
  const seconds = ttlMs === Infinity ? 0 : Math.floor(ttlMs / 1000);
  return { accessor, seconds, renewable: renewable && !isBatch && uses === Infinity };
}

/** @throws GeneratorError when another program wrote it */
export function parseState(value: unknown): MadeState {
  const parsed = state.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new GeneratorError('spec.state was not written by this operator');
}
