/**
 * Finds the real parts or builds what is missing, into a cache folder outside the checkout. Building says what it does
 * and how long it takes; a missing tool is named together with what needs it.
 */
import { spawn } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { withLock } from './lock.ts';
import {
  cacheName,
  GOLDEN,
  goParts,
  kubernetesMinor,
  moduleFolder,
  MOTO,
  motoRequirements,
  NODE_PARTS,
} from './parts.ts';
import type { GoPart, NodePartName, PartName } from './parts.ts';

/** Absolute paths of the programs; `vault-auth-kubernetes` lies alone in its folder, as Vault's plugin folder. */
export type Binaries = Readonly<Record<PartName, string>>;

/** What a node needs besides. */
export type NodeBinaries = Readonly<Record<NodePartName, string>>;

export type Say = (line: string) => void;

/** A tool of the machine is missing or too old; the message says which and what for. */
export class MissingToolError extends Error {
  override readonly name = 'MissingToolError';
}

const PROGRESS_MS = 60_000;

/** `EXTERNAL_SECRETS_REAL_PARTS`, else `external-secrets-ts/real-parts` in the user's cache folder. */
export function cacheFolder(env: NodeJS.ProcessEnv = process.env): string {
  const own = env['EXTERNAL_SECRETS_REAL_PARTS'];
  if (own) return own;
  return join(env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'external-secrets-ts', 'real-parts');
}

export async function findOrBuild(say: Say, env: NodeJS.ProcessEnv = process.env): Promise<Binaries> {
  const cache = cacheFolder(env);
  const found: Partial<Record<PartName, string>> = {};
  for (const part of goParts(kubernetesMinor(env))) found[part.name] = await goPart(part, cache, say, env);
  found.moto = await make(MOTO, cache, join('bin', 'moto_server'), installMoto, say);
  return found as Binaries;
}

export async function findOrBuildNode(say: Say, env: NodeJS.ProcessEnv = process.env): Promise<NodeBinaries> {
  const found: Partial<Record<NodePartName, string>> = {};
  for (const part of NODE_PARTS) found[part.name] = await goPart(part, cacheFolder(env), say, env);
  return found as NodeBinaries;
}

/** One of them alone. */
export function findOrBuildPart(name: GoPart['name'], say: Say, env: NodeJS.ProcessEnv = process.env): Promise<string> {
  const part = goParts(kubernetesMinor(env)).find((each) => each.name === name);
  if (part === undefined) throw new Error(`there is no part ${name}`);
  return goPart(part, cacheFolder(env), say, env);
}

/** The Go tool that tells what a template gives. */
export function findOrBuildGolden(say: Say, env: NodeJS.ProcessEnv = process.env): Promise<string> {
  return make(GOLDEN, cacheFolder(env), join('bin', GOLDEN.file), goBuild, say);
}

async function goPart(part: GoPart, cache: string, say: Say, env: NodeJS.ProcessEnv): Promise<string> {
  return inAssets(part, env) ?? (await make(part, cache, join('bin', part.file), goBuild, say));
}

/**
 * People who test controllers often have etcd, kube-apiserver and kubectl already, in the folder this variable names. Two
 * Helms of one file name, and minors of Kubernetes, are told apart by our own builds only.
 */
function inAssets(part: GoPart, env: NodeJS.ProcessEnv): string | undefined {
  const assets = env['KUBEBUILDER_ASSETS'];
  const file = assets ? join(assets, part.file) : '';
  return !part.pinned && file !== '' && existsSync(file) ? file : undefined;
}

type Part = GoPart<string> | typeof MOTO;

/** A part counts as there only with the file that is written last, so half a build is never used. */
async function make<P extends Part>(
  part: P,
  cache: string,
  file: string,
  work: (part: P, folder: string, log: string) => Promise<void>,
  say: Say,
): Promise<string> {
  const folder = join(cache, cacheName(part));
  const complete = join(folder, 'complete');
  const waiting = (pid: number): void => say(`${part.name}: waiting for process ${pid}, which builds it already`);
  if (!existsSync(complete)) await withLock(`${folder}.lock`, buildOnce, waiting);
  return join(folder, file);

  async function buildOnce(): Promise<void> {
    if (existsSync(complete)) return;
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true });
    await timed(part, say, () => work(part, folder, join(folder, 'build.log')));
    writeFileSync(complete, new Date().toISOString());
  }
}

async function timed(part: Part, say: Say, work: () => Promise<void>): Promise<void> {
  const started = Date.now();
  const seconds = (): number => Math.round((Date.now() - started) / 1000);
  say(`${part.name} ${part.version}: building (up to ${part.minutes} min on two cores when nothing is cached) ...`);
  const ticker = setInterval(() => say(`${part.name}: still building, ${seconds()} s`), PROGRESS_MS);
  try {
    await work();
  } finally {
    clearInterval(ticker);
  }
  say(`${part.name} ${part.version}: built in ${seconds()} s`);
}

async function goBuild(part: GoPart<string>, folder: string, log: string): Promise<void> {
  const flags = ['-mod=readonly', '-trimpath', '-ldflags', `-s -w ${part.ldflags ?? ''}`.trim()];
  if (part.tags !== undefined) flags.push('-tags', part.tags);
  await run('go', ['build', ...flags, '-o', join(folder, 'bin', part.file), part.pkg], log, {
    cwd: moduleFolder(part.module),
    env: { ...process.env, CGO_ENABLED: '0', GOWORK: 'off' },
    missing: 'Go (1.26 or newer) is missing: etcd, kube-apiserver and Vault are built from source with it',
  });
}

async function installMoto(_part: typeof MOTO, folder: string, log: string): Promise<void> {
  const missing = 'Python (3.11 or newer, with its venv module) is missing: the AWS emulator moto runs on it';
  await run('python3', ['-m', 'venv', folder], log, { missing });
  const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '-r', motoRequirements];
  await run(join(folder, 'bin', 'python'), pip, log, { missing });
}

interface RunOptions {
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
  /** What to say when there is no such program. */
  readonly missing: string;
}

/** Runs a program to its end, its output into the file `log`. */
async function run(command: string, args: readonly string[], log: string, options: RunOptions): Promise<void> {
  const output = openSync(log, 'a');
  const ended = Promise.withResolvers<number | null>();
  const child = spawn(command, args, { cwd: options.cwd, env: options.env, stdio: ['ignore', output, output] });
  child.once('error', ended.reject);
  child.once('exit', ended.resolve);
  const kill = (): void => void child.kill();
  process.once('exit', kill);
  try {
    const code = await ended.promise;
    if (code !== 0) throw new Error(`${command} ended with ${code}:\n${tail(log)}\n(all of it in ${log})`);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    throw new MissingToolError(options.missing, { cause: error });
  } finally {
    process.off('exit', kill);
    closeSync(output);
  }
}

function tail(file: string): string {
  return readFileSync(file, 'utf8').split('\n').slice(-20).join('\n');
}
