/** The operator as a process of its own: one that can be killed, as a node that loses power does it. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { join } from 'node:path';
import type { OperatorProcess } from './env.ts';
import { operatorFlags, pod, type OperatorWorld } from './operator.ts';

const PROGRAM = join(import.meta.dirname, '..', '..', 'src', 'main.ts');

/** Its log goes to `operator.log` in the folder of its world. It does not outlive this process. */
export function startOperatorProcess(world: OperatorWorld, flags: readonly string[]): OperatorProcess {
  const { variables, tokenFile } = pod(world);
  const log = openSync(join(world.folder, 'operator.log'), 'a');
  const { PATH = '' } = process.env;
  const child = spawn(process.execPath, [PROGRAM, ...operatorFlags(tokenFile), ...flags], {
    stdio: ['ignore', 'ignore', log],
    env: { PATH, ...variables },
  });
  closeSync(log);
  const end = (): void => void child.kill('SIGKILL');
  process.once('exit', end);
  const ended = once(child, 'exit').then(() => void process.off('exit', end));
  return {
    async kill() {
      if (child.exitCode !== null) throw new Error('the operator ended by itself; see operator.log');
      end();
      await ended;
    },
  };
}
