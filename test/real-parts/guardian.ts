/**
 * Ends our programs even when this process is killed so hard that it cannot do so itself: a small shell reads the ids of
 * what we started and stopped from a pipe, and when the pipe closes it kills what is left.
 */
import { spawn } from 'node:child_process';
import type { Writable } from 'node:stream';

const SCRIPT = `
trap '' INT TERM HUP
running=' '
while read -r change pid; do
  case $change in
    started) running="$running$pid " ;;
    ended) running="\${running%% $pid *} \${running#* $pid }" ;;
  esac
done
for pid in $running; do kill -KILL "$pid" 2>/dev/null; done
`;

let pipe: Writable | undefined;

/** Must be told at once: an id may later belong to somebody else. */
export function tellGuardian(change: 'started' | 'ended', pid: number | undefined): void {
  if (pid === undefined) return;
  pipe ??= startGuardian();
  pipe.write(`${change} ${pid}\n`);
}

function startGuardian(): Writable {
  // A group of its own: Ctrl-C at a terminal must not end it before its time.
  const shell = spawn('/bin/sh', ['-c', SCRIPT], { stdio: ['pipe', 'ignore', 'ignore'], detached: true });
  shell.unref();
  shell.stdin.on('error', () => {});
  if ('unref' in shell.stdin && typeof shell.stdin.unref === 'function') shell.stdin.unref();
  return shell.stdin;
}
