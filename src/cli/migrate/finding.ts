/** One thing that `external-secrets migrate` has to say. */
import { keyOf, type KubeObject } from '../../kube/types.ts';

export interface Finding {
  /** One word for machines. */
  readonly check: string;
  /** `remark`: nothing is to be done. */
  readonly level: 'finding' | 'remark';
  readonly message: string;
  readonly remedy?: string;
  /** `Kind namespace/name`, all of them. */
  readonly objects: readonly string[];
}

export function nameOf(object: KubeObject, kind: string): string {
  return `${kind} ${keyOf(object)}`;
}
