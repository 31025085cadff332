/**
 * `spec.provider.vault.auth`: the ways to log in to Vault, as a schema. Which of them this build can do, and how, is in
 * the folder `auth/`.
 */
import { z } from 'zod';
import { int64 } from '../../api/fields.ts';
import { secretKeySelector, serviceAccountSelector } from '../../api/selectors.ts';

const appRole = z.object({
  path: z.string().default('approle').describe('Where the AppRole auth method is mounted, without "auth/".'),
  roleId: z.string().optional().describe('The RoleID. Wins over roleRef.'),
  roleRef: secretKeySelector.optional().describe('A Secret’s key that holds the RoleID.'),
  secretRef: secretKeySelector.describe('A Secret’s key that holds the SecretID.'),
});

const kubernetes = z.object({
  mountPath: z.string().default('kubernetes').describe('Where the Kubernetes auth method is mounted, without "auth/".'),
  role: z.string().describe('The Vault role to log in as. It must be bound to the ServiceAccount.'),
  serviceAccountRef: serviceAccountSelector
    .optional()
    .describe('The ServiceAccount for which a token of 10 minutes is requested at each login.'),
  secretRef: secretKeySelector
    .optional()
    .describe('A Secret’s key that holds a ServiceAccount token; default key "token". Used without serviceAccountRef.'),
});

const jwt = z.object({
  path: z.string().default('jwt').describe('Where the JWT auth method is mounted, without "auth/".'),
  role: z.string().optional().describe('The Vault role to log in as; without it the mount’s default role.'),
  secretRef: secretKeySelector.optional().describe('A Secret’s key that holds the JWT. Wins over the other source.'),
  kubernetesServiceAccountToken: z
    .object({
      serviceAccountRef: serviceAccountSelector.describe('The ServiceAccount for which a token is requested.'),
      audiences: z
        .array(z.string())
        .optional()
        .describe('Deprecated: use serviceAccountRef.audiences. Added to those; default ["vault"].'),
      expirationSeconds: int64.optional().describe('Life of the requested token; default 600. Deprecated.'),
    })
    .optional()
    .describe('Log in with a token that is requested for a ServiceAccount.'),
});

/** `ldap` and `userPass` have the same fields. */
function password(method: string, mount: string) {
  return z.object({
    path: z.string().default(mount).describe(`Where the ${method} auth method is mounted, without "auth/".`),
    username: z.string().describe('The user to log in as.'),
    secretRef: secretKeySelector.optional().describe('A Secret’s key that holds the password.'),
  });
}

const cert = z.object({
  path: z.string().default('cert').describe('Where the TLS certificate auth method is mounted, without "auth/".'),
  vaultRole: z.string().optional().describe('The certificate role to log in as; without it Vault tries all.'),
  clientCert: secretKeySelector.optional().describe('A Secret’s key that holds the client certificate (PEM).'),
  secretRef: secretKeySelector.optional().describe('A Secret’s key that holds the private key of it (PEM).'),
});

const iam = z.object({
  path: z.string().optional().describe('Where the AWS auth method is mounted, without "auth/"; default "aws".'),
  region: z.string().optional().describe('AWS region; default "us-east-1".'),
  role: z.string().optional().describe('An AWS role to assume first.'),
  externalID: z.string().optional().describe('External id for assuming that role.'),
  vaultRole: z.string().describe('The Vault role to log in as.'),
  vaultAwsIamServerID: z.string().optional().describe('Value of the header X-Vault-AWS-IAM-Server-ID.'),
  secretRef: z
    .object({
      accessKeyIDSecretRef: secretKeySelector.optional().describe('A Secret’s key that holds the access key id.'),
      secretAccessKeySecretRef: secretKeySelector.optional().describe('A Secret’s key that holds the secret key.'),
      sessionTokenSecretRef: secretKeySelector.optional().describe('A Secret’s key that holds the session token.'),
    })
    .optional()
    .describe('Static AWS credentials.'),
  jwt: z
    .object({ serviceAccountRef: serviceAccountSelector.optional().describe('The ServiceAccount that has a role.') })
    .optional()
    .describe('AWS credentials by web identity of a ServiceAccount.'),
});

const gcp = z.object({
  path: z.string().default('gcp').describe('Where the Google Cloud auth method is mounted, without "auth/".'),
  role: z.string().describe('The Vault role to log in as.'),
  projectID: z.string().optional().describe('Google Cloud project.'),
  location: z.string().optional().describe('Google Cloud location.'),
  secretRef: z
    .object({ secretAccessKeySecretRef: secretKeySelector.optional().describe('A Secret’s key: service account key.') })
    .optional()
    .describe('A Google service account key.'),
  workloadIdentity: z
    .object({
      serviceAccountRef: serviceAccountSelector.describe('The ServiceAccount that has a Google identity.'),
      clusterLocation: z.string().optional().describe('Location of the cluster.'),
      clusterName: z.string().optional().describe('Name of the cluster.'),
      clusterProjectID: z.string().optional().describe('Project of the cluster.'),
    })
    .optional()
    .describe('Google credentials by workload identity.'),
  serviceAccountRef: serviceAccountSelector.optional().describe('The ServiceAccount that has a Google identity.'),
});

export const vaultAuth = z.object({
  namespace: z
    .string()
    .optional()
    .describe('Vault Enterprise namespace of the login only; default: the namespace of the data.'),
  tokenSecretRef: secretKeySelector.optional().describe('A Secret’s key that holds a Vault token, used as it is.'),
  appRole: appRole.optional().describe('Log in with an AppRole.'),
  kubernetes: kubernetes.optional().describe('Log in with the token of a Kubernetes ServiceAccount.'),
  ldap: password('LDAP', 'ldap').optional().describe('Log in with a user of a directory.'),
  userPass: password('userpass', 'userpass').optional().describe('Log in with a user of Vault.'),
  jwt: jwt.optional().describe('Log in with a JSON web token.'),
  cert: cert.optional().describe('Log in with a TLS client certificate.'),
  iam: iam.optional().describe('Log in with an AWS identity.'),
  gcp: gcp.optional().describe('Log in with a Google Cloud identity.'),
});
export type VaultAuth = z.infer<typeof vaultAuth>;

/** The members of `auth` that are methods, in the order in which the first one set is used (`providers.md` 5.3). */
export const AUTH_METHODS = [
  'tokenSecretRef',
  'appRole',
  'kubernetes',
  'ldap',
  'userPass',
  'jwt',
  'cert',
  'iam',
  'gcp',
] as const;
export type AuthMethodName = (typeof AUTH_METHODS)[number];

/** The methods that are set, the effective one first. */
export function methodsOf(auth: VaultAuth): readonly AuthMethodName[] {
  return AUTH_METHODS.filter((name) => auth[name] !== undefined);
}
