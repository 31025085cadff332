/**
 * A lock between processes of one machine: a file that holds the id of its owner. A lock whose owner is gone is taken
 * over, so a killed build leaves nothing to clean up by hand.
 */
import { linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';

const POLL_MS = 500;

/**
 * Runs `work` while holding the lock `file`; waits for another process that holds it.
 * @param onWait called once, with the other process's id, when there is something to wait for.
 */
export async function withLock<T>(file: string, work: () => Promise<T>, onWait?: (pid: number) => void): Promise<T> {
  mkdirSync(dirname(file), { recursive: true });
  let told = false;
  for (let owner = tryLock(file); owner !== undefined; owner = tryLock(file)) {
    if (!told) onWait?.(owner);
    told = true;
    await wait(POLL_MS);
  }
  try {
    return await work();
  } finally {
    rmSync(file, { force: true });
  }
}

/** Returns undefined when the lock is ours now, else the id of the process that has (or just had) it. Ours to the end of the process, if need be. */
export function tryLock(file: string): number | undefined {
  const own = `${file}.${process.pid}`;
  writeFileSync(own, String(process.pid));
  try {
    // A hard link appears with its content at once: nobody ever sees a lock without an owner.
    linkSync(own, file);
    return undefined;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    rmSync(own);
  }
  const owner = ownerOf(file);
  if (owner !== undefined && !isAlive(owner)) rmSync(file, { force: true });
  return owner ?? 0;
}

/** Undefined when the lock has just been removed. */
function ownerOf(file: string): number | undefined {
  try {
    return Number(readFileSync(file, 'utf8'));
  } catch {
    return undefined;
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
