/** Generators that need no backend beside Password: UUID, Fake, SSHKey and MFA (`api.md` 8.2, 8.3, 8.8, 8.11). */
import { z } from 'zod';
import { dateTime, int64, stringMap } from '../fields.ts';
import type { Immutable } from '../object.ts';
import { secretKeySelector } from '../selectors.ts';
import { controllerClass } from './shared.ts';

export const uuidSpec = z.object({});
export type UuidSpec = Immutable<z.infer<typeof uuidSpec>>;

export const fakeSpec = z.object({
  controller: controllerClass,
  data: stringMap.optional().describe('The keys and values the generator gives, as they stand here.'),
});
export type FakeSpec = Immutable<z.infer<typeof fakeSpec>>;

export const sshKeySpec = z.object({
  keyType: z.enum(['rsa', 'ecdsa', 'ed25519']).default('rsa').describe('The algorithm of the key pair.'),
  keySize: int64
    .min(256)
    .max(8192)
    .optional()
    .describe(
      'The size of the key in bits. rsa: 2048 without it. ecdsa: 256, 384 or 521, 256 without it. ed25519: not used.',
    ),
  comment: z.string().optional().describe('The comment at the end of the public key.'),
});
export type SshKeySpec = Immutable<z.infer<typeof sshKeySpec>>;

export const mfaSpec = z.object({
  secret: secretKeySelector.describe('The shared key of the one-time codes, in Base32.'),
  length: int64.optional().describe('How many digits a code has. Without it: 6.'),
  timePeriod: int64.optional().describe('How many seconds a code lasts. Without it: 30.'),
  algorithm: z.string().optional().describe('The hash algorithm: sha1, sha256 or sha512. Without it: sha1.'),
  when: dateTime.optional().describe('The time the code is for. Without it: now. For tests.'),
});
export type MfaSpec = Immutable<z.infer<typeof mfaSpec>>;
