/**
 * Generators of registry and cloud tokens: ACRAccessToken, GCRAccessToken, CloudsmithAccessToken, QuayAccessToken and
 * BeyondtrustWorkloadCredentialsDynamicSecret (`api.md` 8.11).
 */
import { z } from 'zod';
import { openObject } from '../fields.ts';
import { secretKeySelector, serviceAccountSelector } from '../selectors.ts';
import { retrySettings } from '../secret-store.ts';
import { controllerClass } from './shared.ts';

const AZURE_CLOUDS = ['PublicCloud', 'USGovernmentCloud', 'ChinaCloud', 'GermanCloud', 'AzureStackCloud'] as const;

export const acrAccessTokenSpec = z.object({
  registry: z.string().describe('The host of the registry, e.g. "example.azurecr.io".'),
  auth: z
    .object({
      servicePrincipal: z
        .object({
          secretRef: z
            .object({
              clientId: secretKeySelector.optional().describe('The client id.'),
              clientSecret: secretKeySelector.optional().describe('The client secret.'),
            })
            .describe('Where its id and secret are kept.'),
        })
        .optional()
        .describe('Logs in as a service principal.'),
      managedIdentity: z
        .object({ identityId: z.string().optional().describe('The id of the identity, when there are several.') })
        .optional()
        .describe('Logs in with the managed identity of the node.'),
      workloadIdentity: z
        .object({ serviceAccountRef: serviceAccountSelector.optional().describe('The ServiceAccount.') })
        .optional()
        .describe('Logs in with a token of a ServiceAccount.'),
    })
    .describe('How to log in.'),
  tenantId: z.string().optional().describe('The Azure tenant.'),
  scope: z
    .string()
    .optional()
    .describe('What the token may do, e.g. "repository:app:pull". Without it: all of the registry.'),
  environmentType: z.enum(AZURE_CLOUDS).default('PublicCloud').describe('The Azure cloud.'),
});

export const gcrAccessTokenSpec = z.object({
  projectID: z.string().describe('The Google Cloud project.'),
  auth: z
    .object({
      secretRef: z
        .object({ secretAccessKeySecretRef: secretKeySelector.optional().describe('A service account key in JSON.') })
        .optional()
        .describe('Logs in with a key that is kept in a Secret.'),
      workloadIdentity: z
        .object({
          serviceAccountRef: serviceAccountSelector.describe('The ServiceAccount.'),
          clusterLocation: z.string().describe('The region or zone of the cluster.'),
          clusterName: z.string().describe('The name of the cluster.'),
          clusterProjectID: z.string().optional().describe('The project of the cluster. Without it: projectID.'),
        })
        .optional()
        .describe('Logs in with a token of a ServiceAccount.'),
      workloadIdentityFederation: openObject.optional().describe('Logs in through workload identity federation.'),
    })
    .describe('How to log in.'),
});

export const cloudsmithAccessTokenSpec = z.object({
  orgSlug: z.string().describe('The organisation at Cloudsmith.'),
  serviceSlug: z.string().describe('The service account at Cloudsmith.'),
  serviceAccountRef: serviceAccountSelector.describe('The ServiceAccount whose token is exchanged.'),
  apiUrl: z.string().optional().describe('The address of the Cloudsmith API.'),
});

export const quayAccessTokenSpec = z.object({
  robotAccount: z.string().describe('The robot account at Quay.'),
  serviceAccountRef: serviceAccountSelector.describe('The ServiceAccount whose token is exchanged.'),
  url: z.string().optional().describe('The host of the registry. Without it: quay.io.'),
});

export const beyondtrustWorkloadCredentialsDynamicSecretSpec = z.object({
  controller: controllerClass,
  provider: openObject.describe('Settings as under the key beyondtrustworkloadcredentials of a SecretStore.'),
  retrySettings: retrySettings.optional().describe('How failed calls are repeated.'),
});
