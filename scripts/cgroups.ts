/** Groups of processes (cgroups) that containerd leaves behind: they are folders, and only those without processes can be removed. */
import { globSync, rmdirSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

/** Where containerd makes them, in either version of cgroups. */
const PARENTS = ['/sys/fs/cgroup/k8s.io', '/sys/fs/cgroup/*/k8s.io'];
const ATTEMPTS = 11;
const PAUSE_MS = 200;

/**
 * Removes what is empty now, or within the next 2 s: a process that was killed is in its group until the kernel has taken it apart. What somebody
 * else uses stays. @param parents patterns of folders that hold groups, and go themselves when they hold none
 */
export async function removeCgroups(
  parents: readonly string[] = PARENTS,
  pause: () => Promise<unknown> = () => sleep(PAUSE_MS),
): Promise<void> {
  const folders = globSync(parents);
  // Looked for once: what appears later is not ours, and may be empty for a moment only.
  let left = [...folders.flatMap((each) => globSync(`${each}/*/`)), ...folders];
  for (let attempt = 1; ; attempt++) {
    left = left.filter((group) => !isRemoved(group));
    if (left.length === 0 || attempt === ATTEMPTS) return;
    await pause();
  }
}

function isRemoved(group: string): boolean {
  try {
    rmdirSync(group);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT';
  }
}
