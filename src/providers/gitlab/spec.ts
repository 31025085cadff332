/**
 * The gitlab provider as the registry, the CRD and the webhook see it: CI/CD variables of a project and of groups. No
 * client code is imported here.
 */
import { z } from 'zod';
import { bytes } from '../../api/fields.ts';
import { caProvider, secretKeySelector } from '../../api/selectors.ts';
import type { ProviderDeclaration } from '../provider.ts';
import { checkGitlab, dependsOnNamespace } from './check.ts';

export const gitlabSpec = z.object({
  url: z.string().optional().describe('URL of the GitLab instance; default "https://gitlab.com".'),
  auth: z
    .object({
      SecretRef: z
        .object({
          accessToken: secretKeySelector
            .optional()
            .describe(
              'A Secret’s key that holds an access token with scope read_api. It needs the role Maintainer in the ' +
                'project and Owner in groups, as GitLab shows variables to nobody else.',
            ),
        })
        .describe('Credentials that stand in a Secret.'),
    })
    .describe('How to log in.'),
  projectID: z
    .string()
    .optional()
    .describe('The project whose variables are read: its number (in quotes) or its path, e.g. "shop/backend".'),
  groupIDs: z
    .array(z.string())
    .optional()
    .describe(
      'Groups whose variables are read as well. A later group wins over an earlier one, the project over all groups.',
    ),
  inheritFromGroups: z
    .boolean()
    .optional()
    .describe('Read the variables of all groups the project is in; the nearest group wins. Excludes groupIDs.'),
  environment: z
    .string()
    .optional()
    .describe(
      'The environment, e.g. "production". Of variables with the same key the one of exactly this scope wins, then ' +
        'one whose scope is a pattern that matches, then "*".',
    ),
  caBundle: bytes
    .optional()
    .describe('PEM certificates (base64) that GitLab’s certificate is checked against, instead of the system’s.'),
  caProvider: caProvider.optional().describe('A Secret or ConfigMap that holds those certificates.'),
});
export type GitlabSpec = z.infer<typeof gitlabSpec>;

export const gitlab: ProviderDeclaration<GitlabSpec> = {
  name: 'gitlab',
  spec: gitlabSpec,
  capabilities: 'ReadOnly',
  maintenance: 'Maintained',
  check: checkGitlab,
  dependsOnNamespace,
  load: async () => (await import('./index.ts')).gitlabModule,
};
