/** `external-secrets migrate`: its arguments and its way through the cluster. Reads only, unless told `--write`. */
import { parseArgs } from 'node:util';
import { systemClock } from '../../clock.ts';
import type { KubeClient } from '../../kube/client.ts';
import { loadKubeConfig } from '../../kube/config.ts';
import { connect } from '../../kube/http-client.ts';
import { readEnvironment, UsageError, type Env } from '../../options.ts';
import { findingsOf } from './findings.ts';
import { asJson, asText, type MigrateReport } from './print.ts';
import { rewriteStored } from './rewrite.ts';
import { survey } from './survey.ts';

const HELP = `external-secrets migrate [--write] [-o json]: what taking over an installation of External Secrets Operator would change

  --write               Rewrite objects stored in old versions, then take those versions off the CRDs' status.storedVersions.
                        Without it nothing is written. May be broken off and begun again.
  -o, --output format   text (default) or json
  --context name        Context of the kubeconfig; default: its current one

Ends with 0 when nothing is to be done, with 1 when something was found, with 2 when the arguments cannot be used.
`;

export interface CommandResult {
  readonly output: string;
  /** For the process. */
  readonly code: 0 | 1 | 2;
}

/** @throws KubeError, ConfigError */
export async function migrateCommand(argv: readonly string[], env?: Env): Promise<CommandResult> {
  const values = parse(argv);
  if (typeof values === 'string') return { output: `external-secrets: ${values}\n\n${HELP}`, code: 2 };
  if (values.help) return { output: HELP, code: 0 };
  const { kube, proxies } = readEnvironment(env);
  const client = connect(await loadKubeConfig({ ...kube, proxies, context: values.context, clock: systemClock }));
  try {
    const report = await migrate(client, values.write);
    const code = report.findings.some(({ level }) => level === 'finding') ? 1 : 0;
    return { output: values.output === 'json' ? asJson(report) : asText(report), code };
  } finally {
    await client.close();
  }
}

/** @param write rewrite what is stored in old versions; the findings are those that remain then */
export async function migrate(client: KubeClient, write: boolean): Promise<MigrateReport> {
  const found = await survey(client);
  if (!write) return { findings: findingsOf(found), rewritten: [] };
  const rewritten = await rewriteStored(client, found.definitions);
  return { findings: findingsOf(await survey(client)), rewritten };
}

/** @returns what is wrong as a text. */
function parse(argv: readonly string[]) {
  try {
    const { values } = parseArgs({
      args: [...argv],
      options: {
        write: { type: 'boolean', default: false },
        output: { type: 'string', short: 'o', default: 'text' },
        context: { type: 'string' },
        help: { type: 'boolean', short: 'h', default: false },
      },
    });
    if (values.output !== 'text' && values.output !== 'json') throw new UsageError('-o: write text or json');
    return values;
  } catch (error) {
    return error instanceof Error ? error.message : 'unusable arguments';
  }
}
