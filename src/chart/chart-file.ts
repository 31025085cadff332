/** The chart's `Chart.yaml`: its versions are the program's, so that there is one place to raise them. */
import { stringify } from 'yaml';

export interface Release {
  readonly version: string;
  readonly description: string;
}

/** What CI tests, and everything down to what users' guides start at (D14). */
const KUBERNETES = '>=1.27.0-0';

export function chartFile({ version, description }: Release): string {
  return stringify({
    apiVersion: 'v2',
    name: 'external-secrets',
    type: 'application',
    description,
    version,
    appVersion: `v${version}`,
    kubeVersion: KUBERNETES,
    keywords: ['kubernetes-external-secrets', 'secrets'],
  });
}
