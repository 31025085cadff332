/** Generators of tokens of services: GitHub, GitLab, Grafana (`api.md` 8.11). */
import { z } from 'zod';
import { celRules, dateTime, int64, stringMap } from '../fields.ts';
import { dataKey, objectName, secretKeySelector } from '../selectors.ts';

export const githubAccessTokenSpec = z.object({
  appID: z.string().describe('The id of the GitHub App.'),
  installID: z.string().describe('The id of the installation of the App.'),
  auth: z
    .object({
      privateKey: z
        .object({ secretRef: secretKeySelector.describe('The key in PEM.') })
        .describe('The private key of the App.'),
    })
    .describe('How to log in.'),
  url: z.string().optional().describe('The address of the GitHub API. Without it: https://api.github.com'),
  repositories: z.array(z.string()).optional().describe('Repositories to which the token is limited. Without it: all.'),
  permissions: stringMap.optional().describe('Permissions to which the token is limited, e.g. contents: read.'),
});

const GITLAB_SCOPES = [
  'read_repository',
  'read_registry',
  'write_registry',
  'read_package_registry',
  'write_package_registry',
  'read_virtual_registry',
  'write_virtual_registry',
] as const;
const GITLAB_OWNER = 'exactly one of projectID, groupID must be set';

export const gitlabDeployTokenSpec = z
  .object({
    name: z.string().min(1).describe('The name of the deploy token.'),
    scopes: z.array(z.enum(GITLAB_SCOPES)).min(1).describe('What the token may do.'),
    auth: z
      .object({
        token: z
          .object({ secretRef: secretKeySelector.describe('The access token.') })
          .describe('An access token that may make deploy tokens.'),
      })
      .describe('How to log in.'),
    projectID: z.string().min(1).optional().describe('The project the token is for. Excludes groupID.'),
    groupID: z.string().min(1).optional().describe('The group the token is for. Excludes projectID.'),
    expiresAt: dateTime.optional().describe('When the token ends. Without it: never.'),
    username: z.string().optional().describe('The user name of the token. Without it: one that GitLab makes.'),
    url: z.string().optional().describe('The address of GitLab. Without it: https://gitlab.com'),
  })
  .refine((spec) => (spec.projectID === undefined) !== (spec.groupID === undefined), { error: GITLAB_OWNER })
  .meta(celRules({ rule: 'has(self.projectID) != has(self.groupID)', message: GITLAB_OWNER }));

const secretKey = z.object({
  name: objectName.optional().describe('The name of the Secret.'),
  key: dataKey.optional().describe('The key of the Secret’s data.'),
});

export const grafanaSpec = z.object({
  url: z.string().describe('The address of Grafana.'),
  auth: z
    .object({
      token: secretKey.optional().describe('A token of a service account.'),
      basic: z
        .object({ username: z.string().describe('The user name.'), password: secretKey.describe('The password.') })
        .optional()
        .describe('A user name and a password.'),
    })
    .describe('How to log in.'),
  serviceAccount: z
    .object({
      name: z.string().describe('The name of the service account; it is made when it does not exist.'),
      role: z.string().describe('Its role: Viewer, Editor or Admin.'),
      secondsToLive: int64.min(1).optional().describe('How many seconds the token lasts. Without it: no end.'),
    })
    .describe('The Grafana service account the token belongs to.'),
});
