/** Password generator (`api.md` 8.1). */
import { z } from 'zod';
import { int64 } from '../fields.ts';
import type { Immutable } from '../object.ts';

export const passwordSpec = z.object({
  length: int64.default(24).describe('How many characters the password has. 0 and below: 24.'),
  digits: int64.optional().describe('How many of them are digits. Without it: a quarter of length.'),
  symbols: int64.optional().describe('How many of them are symbols. Without it: a quarter of length.'),
  symbolCharacters: z
    .string()
    .optional()
    .describe('The symbols to choose from. Without it, or empty: ~!@#$%^&*()_+`-={}|[]\\:"<>?,./'),
  noUpper: z.boolean().default(false).describe('Leaves out upper-case letters.'),
  allowRepeat: z.boolean().default(false).describe('Lets a character appear more than once.'),
  secretKeys: z
    .array(z.string())
    .min(1)
    .optional()
    .describe('The keys that are made, each with a password of its own. Without it: password.'),
  encoding: z
    .enum(['base64', 'base64url', 'base32', 'hex', 'raw'])
    .default('raw')
    .describe('How the finished password is encoded.'),
});
export type PasswordSpec = Immutable<z.infer<typeof passwordSpec>>;
