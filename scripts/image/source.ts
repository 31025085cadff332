/** What git knows about the source that is built. */
import { execFileSync } from 'node:child_process';

export interface Source {
  readonly commit: string;
  /** When it was committed: the time of everything in the image. */
  readonly time: Date;
  /** Tracked files differ from the commit. */
  readonly modified: boolean;
}

/** Outside a git checkout: no commit, and the first second of 1970. */
export function sourceOf(folder: string): Source {
  const git = (...args: readonly string[]): string | undefined => {
    try {
      return execFileSync('git', ['-C', folder, ...args], { stdio: ['ignore', 'pipe', 'ignore'] }).toString();
    } catch {
      return undefined;
    }
  };
  const [commit, seconds] = (git('log', '-1', '--format=%H %ct') ?? 'unknown 0').trim().split(' ');
  const changes = git('status', '--porcelain', '--untracked-files=no') ?? '';
  return { commit: commit ?? 'unknown', time: new Date(Number(seconds) * 1000), modified: changes !== '' };
}
