/**
 * `npm run test:e2e`: the integration tests on the real parts. Finds or builds them, starts them, installs the CRDs, runs
 * the test files, three at a time on a cluster each (each starts its own operator, and two on one cluster would fight), asks
 * the audit logs whether the rights of the chart are enough and not more, which a run of all files must show, stops everything.
 *
 * Arguments name test files to run instead of all, or are flags of Node's runner. `--up` starts the parts, prints how to
 * reach them and leaves them running until a signal. `EXTERNAL_SECRETS_KUBERNETES=1.35` runs it on an older minor.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, globSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { judgeRights, judgeRefusals } from '../test/chart/rights-judge.ts';
import { chartRights } from '../test/integration/chart-rights.ts';
import { readAudit } from '../test/real-parts/audit.ts';
import { findOrBuild, MissingToolError, type Binaries } from '../test/real-parts/build.ts';
import { DESCRIPTION_VARIABLE } from '../test/real-parts/description.ts';
import { kubernetesMinor } from '../test/real-parts/parts.ts';
import { startParts } from '../test/real-parts/start.ts';
import type { RunningParts } from '../test/real-parts/start.ts';
import { compileCache } from './compile-cache.ts';
import { interrupted } from './interrupted.ts';
import { withSecondChance, type RunFiles } from './second-chance.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const TEST_FILES = [
  'test/integration/**/*.test.ts',
  'test/conformance/**/*.real.test.ts',
  'test/chart/**/*.real.test.ts',
  'test/fuzz/**/*.real.test.ts',
];

/** Test files mostly wait for what goes on in the cluster: two keep two cores busy for a third of the time, three with a cluster each for half of it. */
const MOST_SETS = 3;

const started = Date.now();
const say = (line: string): void => console.log(`e2e ${seconds()}: ${line}`);
const interruption = interrupted();

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  if (interruption.aborted) say('interrupted');
  else console.error(error instanceof MissingToolError ? `e2e: ${error.message}` : error);
  process.exitCode = 1;
}
if (interruption.aborted) process.exitCode = 130;

async function main(args: readonly string[]): Promise<number> {
  say(`Kubernetes ${kubernetesMinor(process.env)}`);
  const binaries = await findOrBuild(say);
  if (interruption.aborted) return 130;
  const sets: RunningParts[] = [];
  let code = 1;
  try {
    const starting = Array.from({ length: setsFor(args) }, async () => void sets.push(await start(binaries)));
    // One that fails must not leave the other running.
    await Promise.allSettled(starting);
    await Promise.all(starting);
    const often = sets.length > 1 ? `, ${sets.length} times` : '';
    say(`etcd, kube-apiserver, kube-controller-manager, Vault and moto are up${often}`);
    code = args.includes('--up') ? await untilInterrupted(sets[0]!) : await runTests(sets, args);
    if (!args.includes('--up') && !interruption.aborted && !areRightsProven(sets, isWhole(args))) code ||= 1;
  } finally {
    await Promise.all(sets.map((parts) => parts.stop({ keepLogs: code !== 0 })));
    const folders = sets.map(({ folder }) => folder).join(' and ');
    say(code === 0 ? 'passed; everything is stopped' : `failed; the logs of the parts are in ${folders}`);
  }
  return code;
}

function setsFor(args: readonly string[]): number {
  const named = args.filter((arg) => existsSync(arg)).length;
  if (named === 0 && !args.includes('--up')) return MOST_SETS;
  // A set takes the machine as long to start as a few files take to run.
  return named > 1 ? 2 : 1;
}

function start(binaries: Binaries): Promise<RunningParts> {
  return startParts(binaries, (kubeconfig) => installCrds(binaries.kubectl, kubeconfig));
}

async function installCrds(program: string, kubeconfig: string): Promise<void> {
  const files = globSync('crds/*.yaml', { cwd: root });
  if (files.length === 0) throw new Error('crds/ is empty: run "npm run generate"');
  const kubectl = (...args: string[]): Promise<number> =>
    run(program, [...args, `--kubeconfig=${kubeconfig}`], 'ignore');
  // Client-side on purpose: it works only while each CRD fits into an annotation, as users' plain `kubectl apply` needs.
  const applied = await kubectl('apply', '--filename=crds');
  const served = applied === 0 ? await kubectl('wait', '--for=condition=Established', '--filename=crds') : applied;
  if (served !== 0) throw new Error('the API server did not take the CRDs; see above');
  say(`CRDs of ${files.length} files installed`);
}

async function runTests(sets: readonly RunningParts[], args: readonly string[]): Promise<number> {
  const named = args.filter((arg) => !arg.startsWith('-') && existsSync(arg));
  const flags = args.filter((arg) => !named.includes(arg));
  const files = named.length > 0 ? named : TEST_FILES;
  const variables = {
    ...compileCache,
    EXTERNAL_SECRETS_E2E: '1',
    TZ: 'UTC',
    [DESCRIPTION_VARIABLE]: sets.map(({ file }) => file).join(delimiter),
  };
  const runFiles: RunFiles = (more, chosen, atOnce) => {
    const runner = ['--test', `--test-concurrency=${atOnce}`, '--test-timeout=300000', ...flags, ...more, ...chosen];
    return run(process.execPath, runner, 'inherit', variables);
  };
  return process.env['CI'] ? withSecondChance(runFiles, files, sets.length) : runFiles([], files, sets.length);
}

/** Only all tests together need all rights. */
function isWhole(args: readonly string[]): boolean {
  return args.every((arg) => arg.startsWith('-') && !/^--test-(name-pattern|skip-pattern|only|shard)/.test(arg));
}

/** Says what is wrong with the rights of the chart. Both clusters and a file's second try add to what was needed. */
function areRightsProven(sets: readonly RunningParts[], whole: boolean): boolean {
  const rights = chartRights();
  const events = sets.flatMap(({ description }) => readAudit(description.auditLog));
  const problems = whole ? judgeRights(rights, events) : judgeRefusals(rights, events);
  for (const problem of problems) say(`rights: ${problem}`);
  if (whole && problems.length === 0) say(`rights: each of ${rights.length} was needed, none was missing`);
  return !whole || problems.length === 0;
}

async function untilInterrupted(parts: RunningParts): Promise<number> {
  const { kubectl, vault, vaultRootToken, moto } = parts.description;
  console.log(`  export KUBECONFIG=${join(parts.folder, 'admin.kubeconfig')}   # kubectl: ${kubectl}`);
  console.log(`  Vault ${vault}, token ${vaultRootToken}; AWS ${moto}; logs in ${parts.folder}; Ctrl-C stops`);
  const keepAlive = setInterval(() => {}, 60_000);
  if (!interruption.aborted) await once(interruption, 'abort');
  clearInterval(keepAlive);
  return 0;
}

/** Runs a program to its end; a signal to this process is passed on to it. */
async function run(
  command: string,
  args: readonly string[],
  output: 'inherit' | 'ignore',
  variables: Readonly<Record<string, string>> = {},
): Promise<number> {
  const env = { ...process.env, ...variables };
  const child = spawn(command, args, { cwd: root, env, stdio: ['ignore', output, 'inherit'] });
  const stop = (): void => void child.kill('SIGTERM');
  interruption.addEventListener('abort', stop);
  if (interruption.aborted) stop();
  const [code] = (await once(child, 'exit')) as [number | null];
  interruption.removeEventListener('abort', stop);
  return code ?? 1;
}

function seconds(): string {
  return `${((Date.now() - started) / 1000).toFixed(1)} s`;
}
