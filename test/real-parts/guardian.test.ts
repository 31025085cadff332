import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';

const guardian = new URL('guardian.ts', import.meta.url).href;

/** A process that starts three programs, says that the second has ended, prints all ids and waits. */
const OWNER = `
  import { spawn } from 'node:child_process';
  const { tellGuardian } = await import(${JSON.stringify(guardian)});
  const pids = [1, 2, 3].map(() => spawn('sleep', ['60'], { stdio: 'ignore' }).pid);
  for (const pid of pids) tellGuardian('started', pid);
  tellGuardian('ended', pids[1]);
  console.log(pids.join(' '));
  setInterval(() => {}, 1000);
`;

test('what a killed process had started is killed, but not what it said had ended', async () => {
  const owner = spawn(process.execPath, ['--input-type=module', '-e', OWNER], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [line] = (await once(owner.stdout, 'data')) as [Buffer];
  const pids = line.toString().trim().split(' ').map(Number);
  owner.kill('SIGKILL');
  await once(owner, 'exit');
  try {
    const until = Date.now() + 5000;
    while (pids.filter(isAlive).length > 1 && Date.now() < until) await wait(20);
    assert.deepEqual(pids.filter(isAlive), [pids[1]]);
  } finally {
    for (const pid of pids.filter(isAlive)) process.kill(pid, 'SIGKILL');
  }
});

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
