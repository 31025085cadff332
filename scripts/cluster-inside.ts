/** The part of `npm run test:cluster` that runs in the namespaces: starts the node and runs the tests. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DESCRIPTION_VARIABLE } from '../test/real-parts/description.ts';
import { startNode } from '../test/real-parts/start-node.ts';
import type { NodeInput } from '../test/real-parts/start-node.ts';
import type { RunningParts } from '../test/real-parts/start.ts';
import { withSecondChance, type RunFiles } from './second-chance.ts';

const ROOT = join(import.meta.dirname, '..');
const POD_LOGS = '/var/log/pods';
const [folder = '', ...args] = process.argv.slice(2);
const input = JSON.parse(readFileSync(join(folder, 'input.json'), 'utf8')) as NodeInput;

const parts = await startNode(input);
console.log('cluster: control plane, node, Vault and moto are up');
const code = await work();
if (code !== 0 && existsSync(POD_LOGS)) cpSync(POD_LOGS, join(parts.folder, 'pods'), { recursive: true });
// The first process's end is everybody's; what they had mounted keeps the folder in use until then.
process.exit(code);

function work(): Promise<number> {
  if (args.includes('--up')) return hold(parts);
  if (args[0] === '--soak') return run(parts, ['test/cluster/soak.ts', ...args.slice(1)]);
  return runTests();
}

async function runTests(): Promise<number> {
  const named = args.filter((arg) => !arg.startsWith('-') && existsSync(join(ROOT, arg)));
  const flags = args.filter((arg) => !named.includes(arg));
  const files = named.length > 0 ? named : ['test/cluster/**/*.real.test.ts'];
  const runFiles: RunFiles = (more, chosen, atOnce) => {
    const runner = ['--test', `--test-concurrency=${atOnce}`, '--test-timeout=600000'];
    return run(parts, [...runner, ...flags, ...more, ...chosen]);
  };
  return process.env['CI'] ? withSecondChance(runFiles, files, 1) : runFiles([], files, 1);
}

async function run({ file }: RunningParts, program: readonly string[]): Promise<number> {
  const env = { ...process.env, TZ: 'UTC', [DESCRIPTION_VARIABLE]: file };
  const child = spawn(process.execPath, program, { cwd: ROOT, env, stdio: 'inherit' });
  const [status] = (await once(child, 'exit')) as [number | null];
  return status ?? 1;
}

async function hold({ folder: state, file }: RunningParts): Promise<never> {
  console.log(
    `  export KUBECONFIG=${state}/admin.kubeconfig ${DESCRIPTION_VARIABLE}=${file}   # kubectl: ${input.binaries.kubectl}`,
  );
  setInterval(() => {}, 60_000);
  return new Promise<never>(() => {});
}
