/** Leader election as the manager wants it: on a Lease in the Pod's namespace, told to the metrics. */
import { hostname } from 'node:os';
import type { Clock } from '../clock.ts';
import type { KubeClient } from '../kube/client.ts';
import { LeaderElection } from '../kube/lease.ts';
import type { Log } from '../log.ts';
import type { ElectionPart } from '../runtime/manager.ts';
import type { Metrics } from '../telemetry/metrics.ts';

export interface ElectionOptions {
  readonly client: KubeClient;
  readonly namespace: string;
  /** Of the Lease. */
  readonly name: string;
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Log;
  readonly metrics: Metrics;
  /** Defaults: those of the Lease, 15 s, 10 s, 2 s. */
  readonly leaseDurationMs?: number;
  readonly renewDeadlineMs?: number;
  readonly retryPeriodMs?: number;
}

export function electionPart(options: ElectionOptions): ElectionPart {
  const { name, metrics, random } = options;
  return {
    run: (signal, listener) =>
      new LeaderElection({
        ...options,
        identity: `${hostname()}_${Math.floor(random() * 2 ** 32).toString(16)}`,
        observer: {
          leading: () => {
            metrics.leading(name, true);
            listener.leading();
          },
          paused: () => {
            metrics.leading(name, false);
            listener.paused();
          },
        },
      }).run(signal),
  };
}
