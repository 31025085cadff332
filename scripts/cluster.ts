/**
 * `npm run test:cluster`: the chart and the image on a real node. Builds the image, finds or builds the programs, and runs the rest
 * (`cluster-inside.ts`) in network, process and mount namespaces of its own, which vanish with it. Linux and root.
 *
 * Arguments name test files to run instead of all, or are flags of Node's runner. `--up` only brings the cluster up and says how to enter
 * it; `--soak <count>` makes fresh installs (`npm run soak:install`). Ends with 75 and the reason when the machine cannot do this.
 */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findOrBuild, findOrBuildNode, MissingToolError } from '../test/real-parts/build.ts';
import { tellGuardian } from '../test/real-parts/guardian.ts';
import { ensurePackages } from '../test/real-parts/machine-packages.ts';
import type { NodeInput } from '../test/real-parts/start-node.ts';
import { removeCgroups } from './cgroups.ts';
import { makeImage } from './image/make.ts';
import { pauseImage } from './image/pause.ts';
import { interrupted } from './interrupted.ts';

const CANNOT = 75;
const NEEDED = ['containerd', 'runc', 'containernetworking-plugins', 'iproute2', 'util-linux'] as const;

const NAMESPACES = ['--net', '--pid', '--mount', '--mount-proc', '--propagation=private', '--fork', '--kill-child'];

const started = Date.now();
const say = (line: string): void => console.log(`cluster ${((Date.now() - started) / 1000).toFixed(1)} s: ${line}`);
const interruption = interrupted();

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof MissingToolError)) throw error;
  console.error(`cluster: cannot run here: ${error.message}`);
  process.exitCode = CANNOT;
}

async function main(args: readonly string[]): Promise<number> {
  ensurePackages(NEEDED, say);
  // Root in a container often may not.
  if (spawnSync('unshare', [...NAMESPACES, 'true']).status !== 0)
    throw new MissingToolError('this machine does not allow namespaces of its own');
  // A kubelet must not be newer than the API server, and there is only the newest one.
  const binaries = await findOrBuild(say, { ...process.env, EXTERNAL_SECRETS_KUBERNETES: '' });
  const node = await findOrBuildNode(say);
  const image = await makeImage(say);
  say(`image ${image.name}, ${(image.bytes / 1024 / 1024).toFixed(0)} MiB`);
  const folder = mkdtempSync(join(tmpdir(), 'cluster-'));
  const input: NodeInput = { binaries, node, images: [await pauseImage(node.pause, folder), image.archive] };
  writeFileSync(join(folder, 'input.json'), JSON.stringify(input));
  let code = 130;
  try {
    if (!interruption.aborted) code = await runInNamespaces(folder, args);
  } finally {
    await removeCgroups();
    if (code === 0 || code === 130) rmSync(folder, { recursive: true, force: true });
    else say(`failed; the logs of parts and Pods are in ${folder}`);
  }
  return code;
}

/** The shell is the first process: it takes in whatever containerd and Pods leave behind. When it ends, so does everything. */
async function runInNamespaces(folder: string, args: readonly string[]): Promise<number> {
  const inside = [process.execPath, join(import.meta.dirname, 'cluster-inside.ts'), folder, ...args];
  const child = spawn('unshare', [...NAMESPACES, '--', '/bin/sh', '-c', '"$@"; exit $?', 'sh', ...inside], {
    stdio: ['ignore', 'inherit', 'inherit'],
    env: { ...process.env, TMPDIR: folder },
    // A group of its own: Ctrl-C at a terminal reaches only us.
    detached: true,
  });
  tellGuardian('started', child.pid);
  if (args.includes('--up'))
    say(
      `enter by: nsenter --net --mount --pid=/proc/${child.pid}/ns/pid_for_children --target ${child.pid} bash; Ctrl-C stops`,
    );
  const stop = (): void => void child.kill('SIGKILL');
  interruption.addEventListener('abort', stop);
  const [code] = (await once(child, 'exit')) as [number | null];
  tellGuardian('ended', child.pid);
  return interruption.aborted ? 130 : (code ?? 1);
}
