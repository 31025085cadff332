/** `external-secrets doctor`: its arguments and its way to the cluster. Reads only, with the rights of who calls it. */
import { parseArgs } from 'node:util';
import { systemClock, type Clock } from '../../clock.ts';
import { loadKubeConfig } from '../../kube/config.ts';
import { connect } from '../../kube/http-client.ts';
import { splitKey } from '../../kube/types.ts';
import { readEnvironment, type Env } from '../../options.ts';
import type { CommandResult } from '../migrate/command.ts';
import { examineExternalSecret, type Examination } from './chain.ts';
import { groupsOf } from './groups.ts';
import { DEFAULT_LEASE, operatorStep, readOperator } from './operator.ts';
import { printOverview } from './print-overview.ts';
import { printChain } from './print.ts';
import { examinePushSecret } from './push-chain.ts';
import type { Step } from './step.ts';
import { examineStore } from './store-chain.ts';
import { surveyCluster } from './survey.ts';

const KINDS = ['ExternalSecret', 'PushSecret', 'SecretStore', 'ClusterSecretStore'] as const;

const HELP = `external-secrets doctor [namespace/name]: why is it not synced?

Without argument: what is not ready or overdue, of all kinds, grouped by cause. With an object: walks from it over its stores and
their credentials to what the operator said last, prints a line per step, then cause and remedy. Reads with the rights of your kubeconfig, writes
nothing, prints no value, and does not call the backend: your machine may not reach it.

  --kind kind               ${KINDS.join(', ')}; default: ${KINDS[0]}
  -n, --namespace name      Without argument: this namespace only. Otherwise: that of the object; default: that of the context
  --context name            Context of the kubeconfig; default: its current one
  --controller-class name   Class of the operator you ask about; default: default
  --leader-election-id name Lease of the operator; default: ${DEFAULT_LEASE}

Ends with 0 when nothing wrong was found, with 1 when something was, with 2 when the arguments cannot be used.
`;

/** Where and when the command runs. */
export interface Terminal {
  /** Marks are symbols; otherwise words. */
  readonly isTerminal: boolean;
  readonly env?: Env;
  readonly clock?: Clock;
}

/** @throws KubeError, ConfigError */
export async function doctorCommand(argv: readonly string[], terminal: Terminal): Promise<CommandResult> {
  const options = parse(argv);
  if (typeof options === 'string') return { output: `external-secrets: ${options}\n\n${HELP}`, code: 2 };
  const { values, object, kind } = options;
  if (values.help) return { output: HELP, code: 0 };
  const { env, clock = systemClock, isTerminal } = terminal;
  const { kube, proxies } = readEnvironment(env);
  const config = await loadKubeConfig({ ...kube, proxies, context: values.context, clock: systemClock });
  const client = connect(config);
  const exam = {
    client,
    now: clock.now(),
    controllerClass: values['controller-class'],
    leaseName: values['leader-election-id'],
  };
  try {
    if (object === undefined) return await overview(exam, values.namespace, isTerminal);
    const { namespace = values.namespace ?? config.namespace ?? 'default', name } = splitKey(object);
    return printChain(await examine(exam, kind, namespace, name), isTerminal);
  } finally {
    await client.close();
  }
}

function examine(
  exam: Examination,
  kind: (typeof KINDS)[number],
  namespace: string,
  name: string,
): Promise<readonly Step[]> {
  switch (kind) {
    case 'ExternalSecret':
      return examineExternalSecret(exam, namespace, name);
    case 'PushSecret':
      return examinePushSecret(exam, namespace, name);
    case 'SecretStore':
      return examineStore(exam, { kind, name }, namespace);
    case 'ClusterSecretStore':
      return examineStore(exam, { kind, name }, '');
  }
}

async function overview(exam: Examination, namespace: string | undefined, isTerminal: boolean): Promise<CommandResult> {
  const { client, now, controllerClass, leaseName } = exam;
  const operator = operatorStep(await readOperator(client, leaseName), now);
  const survey = await surveyCluster(client, namespace);
  return printOverview(operator, groupsOf(survey, controllerClass, now), survey.denied, isTerminal);
}

/** @returns what is wrong as a text. */
function parse(argv: readonly string[]) {
  try {
    const { values, positionals } = parseArgs({
      args: [...argv],
      allowPositionals: true,
      options: {
        kind: { type: 'string', default: KINDS[0] },
        namespace: { type: 'string', short: 'n' },
        context: { type: 'string' },
        'controller-class': { type: 'string', default: 'default' },
        'leader-election-id': { type: 'string', default: DEFAULT_LEASE },
        help: { type: 'boolean', short: 'h', default: false },
      },
    });
    const [object, ...more] = positionals;
    if (more.length > 0) return 'only one object can be named';
    const kind = KINDS.find((each) => each.toLowerCase() === values.kind.toLowerCase());
    return kind === undefined ? `--kind: write one of ${KINDS.join(', ')}` : { values, object, kind };
  } catch (error) {
    return error instanceof Error ? error.message : 'unusable arguments';
  }
}
