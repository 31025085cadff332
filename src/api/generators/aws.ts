/** Generators that ask AWS: ECRAuthorizationToken and STSSessionToken (`api.md` 8.4, 8.5). */
import { z } from 'zod';
import { int32 } from '../fields.ts';
import type { Immutable } from '../object.ts';
import { awsAuth } from './shared.ts';

const auth = awsAuth
  .optional()
  .describe('How to log in. secretRef wins over jwt. Without it: the operator’s own identity.');
const region = z.string().describe('The AWS region.');
const role = z.string().optional().describe('The ARN of a role that is assumed first.');

export const ecrAuthorizationTokenSpec = z.object({
  region,
  role,
  scope: z.string().optional().describe('public for ECR Public, else private. Without it: private.'),
  auth,
});
export type EcrAuthorizationTokenSpec = Immutable<z.infer<typeof ecrAuthorizationTokenSpec>>;

export const stsSessionTokenSpec = z.object({
  region,
  role,
  auth,
  requestParameters: z
    .object({
      sessionDuration: int32.optional().describe('How many seconds the credentials last.'),
      serialNumber: z.string().optional().describe('The number or ARN of an MFA device.'),
      tokenCode: z.string().optional().describe('The code the MFA device shows.'),
    })
    .optional()
    .describe('What is asked of GetSessionToken.'),
});
export type StsSessionTokenSpec = Immutable<z.infer<typeof stsSessionTokenSpec>>;
