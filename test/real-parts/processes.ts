/**
 * Starting and ending programs of our own, by process id only. Whatever still runs when this process exits is killed (by
 * the guardian, if this process is killed itself), so a failed or interrupted run leaves nothing behind.
 */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import { tellGuardian } from './guardian.ts';

export interface Program {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** File that gets standard output and error. */
  readonly log: string;
  /** Resolves to true once the program serves. Throwing counts as "not yet". */
  readonly ready: () => Promise<boolean>;
}

const READY_TIMEOUT_MS = 90_000;
const READY_POLL_MS = 100;
const STOP_TIMEOUT_MS = 10_000;

const running = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

/** A program that can be stopped and started again with the same arguments, hence on the same address. */
export class ManagedProcess {
  readonly #program: Program;
  #child: ChildProcess | undefined;

  constructor(program: Program) {
    this.#program = program;
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /** Resolves once it is ready. @throws with the end of its log when it ends early or is not ready within 90 s. */
  async start(): Promise<void> {
    const { command, args, env, log } = this.#program;
    const output = openSync(log, 'a');
    const child = spawn(command, args, { env: { ...ownEnv(), ...env }, stdio: ['ignore', output, output] });
    closeSync(output);
    this.#child = child;
    running.add(child);
    tellGuardian('started', child.pid);
    const ended = (): void => {
      running.delete(child);
      tellGuardian('ended', child.pid);
    };
    child.once('exit', ended).once('error', ended);
    await this.#untilReady(child);
  }

  async #untilReady(child: ChildProcess): Promise<void> {
    let failure: Error | undefined;
    child.once('error', (error) => (failure = error));
    child.once('exit', (code, signal) => (failure = new Error(`ended early (${signal ?? code})`)));
    const until = Date.now() + READY_TIMEOUT_MS;
    while (!(await this.#isReady())) {
      if (failure !== undefined) throw this.#explain(failure);
      if (Date.now() > until) throw this.#explain(new Error(`not ready within ${READY_TIMEOUT_MS / 1000} s`));
      await wait(READY_POLL_MS);
    }
  }

  async #isReady(): Promise<boolean> {
    try {
      return await this.#program.ready();
    } catch {
      return false;
    }
  }

  #explain(cause: Error): Error {
    const { name, log } = this.#program;
    const end = readFileSync(log, 'utf8').split('\n').slice(-15).join('\n');
    return new Error(`${name}: ${cause.message}; its last lines (${log}):\n${end}`, { cause });
  }

  /** Ends it: SIGTERM and, after 10 s, SIGKILL; or `SIGKILL` at once, as a crash would. Resolves when it is gone. */
  async stop(signal: 'SIGTERM' | 'SIGKILL' = 'SIGTERM'): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (child === undefined || !running.has(child)) return;
    const gone = Promise.withResolvers<void>();
    child.once('exit', () => gone.resolve());
    child.kill(signal);
    const harder = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS);
    await gone.promise;
    clearTimeout(harder);
  }
}

/** No more than a program needs: ambient `ETCD_*`, `VAULT_*` or `AWS_*` settings of a developer must not reach it. */
function ownEnv(): NodeJS.ProcessEnv {
  const { PATH, HOME, TMPDIR } = process.env;
  return { PATH, HOME, TMPDIR };
}

/** `count` different ports of the loopback interface that were free a moment ago. */
export async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer());
  await Promise.all(servers.map((server) => new Promise<void>((done) => server.listen(0, '127.0.0.1', done))));
  const ports = servers.map((server) => (server.address() as AddressInfo).port);
  await Promise.all(servers.map((server) => new Promise((done) => server.close(done))));
  return ports;
}
