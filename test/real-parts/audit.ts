/**
 * The API server's audit log: every request of the operator's accounts, with what was decided about it. It proves which rights are used
 * (`test/chart/rights-judge.ts`).
 */
import { globSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** All ServiceAccounts but those of Kubernetes' own controllers are written down. */
const ACCOUNTS = 'system:serviceaccounts';
const CONTROLLERS = 'system:serviceaccounts:kube-system';

export interface AuditFiles {
  readonly policy: string;
  readonly log: string;
}

/** One request, as far as rights are concerned. */
export interface AuditEvent {
  readonly user: { readonly username: string };
  readonly verb: string;
  readonly objectRef?: {
    readonly apiGroup?: string;
    readonly resource?: string;
    readonly subresource?: string;
    readonly namespace?: string;
    readonly name?: string;
  };
  readonly annotations?: Readonly<Record<string, string>>;
  readonly requestURI?: string;
  /** The message only of a refusal. */
  readonly responseStatus?: { readonly code?: number; readonly message?: string };
}

/** Writes what must exist before the API server starts. */
export function auditFiles(folder: string): AuditFiles {
  const files = { policy: join(folder, 'audit-policy.json'), log: join(folder, 'audit.log') };
  const policy = {
    apiVersion: 'audit.k8s.io/v1',
    kind: 'Policy',
    omitStages: ['RequestReceived', 'ResponseStarted', 'Panic'],
    rules: [
      { level: 'None', userGroups: [CONTROLLERS] },
      { level: 'Metadata', userGroups: [ACCOUNTS] },
      { level: 'None' },
    ],
  };
  writeFileSync(files.policy, JSON.stringify(policy));
  return files;
}

export function readAudit(log: string): readonly AuditEvent[] {
  // A log of 100 MB is put aside as `audit-<time>.log`, and a new one begun.
  const files = globSync(`${log.slice(0, -'.log'.length)}*.log`);
  return files.flatMap((file) => {
    const lines = readFileSync(file, 'utf8').split('\n');
    return lines.filter((line) => line !== '').map((line) => JSON.parse(line) as AuditEvent);
  });
}
