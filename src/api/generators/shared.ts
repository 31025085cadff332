/** Members that several generators have. */
import { z } from 'zod';
import { secretKeySelector, serviceAccountSelector } from '../selectors.ts';

export const controllerClass = z
  .string()
  .optional()
  .describe('The class of the operator that is to serve this generator (its --controller-class). Without it: any.');

/** Credentials for AWS of the AWS generators and, with the same members, elsewhere. */
export const awsAuth = z.object({
  jwt: z
    .object({
      serviceAccountRef: serviceAccountSelector
        .optional()
        .describe('A ServiceAccount with the annotation eks.amazonaws.com/role-arn.'),
    })
    .optional()
    .describe('Logs in with a token of a ServiceAccount (IRSA).'),
  secretRef: z
    .object({
      accessKeyIDSecretRef: secretKeySelector.optional().describe('The access key id.'),
      secretAccessKeySecretRef: secretKeySelector.optional().describe('The secret access key.'),
      sessionTokenSecretRef: secretKeySelector.optional().describe('The session token, for temporary credentials.'),
    })
    .optional()
    .describe('Logs in with keys that are kept in Secrets.'),
});
