/**
 * A kubeconfig for plain kubectl against the sandbox.
 */
import { ADMIN_TOKEN } from './auth/users.ts';

export function kubeconfigText(server: string): string {
  return `apiVersion: v1
kind: Config
clusters:
  - name: sandbox
    cluster:
      server: ${server}
users:
  - name: sandbox
    user:
      token: ${ADMIN_TOKEN}
contexts:
  - name: sandbox
    context:
      cluster: sandbox
      user: sandbox
      namespace: default
current-context: sandbox
`;
}
