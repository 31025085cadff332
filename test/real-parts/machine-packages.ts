/**
 * Programs that come from the machine's packages: containerd and what builds images. Missing ones are installed where that is possible
 * (root on a Debian), and said to be missing elsewhere.
 */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { MissingToolError } from './build.ts';
import type { Say } from './build.ts';

/** Debian packages by a file that they bring. */
const FILES = {
  buildah: '/usr/bin/buildah',
  debootstrap: '/usr/sbin/debootstrap',
  containerd: '/usr/bin/containerd',
  runc: '/usr/sbin/runc',
  'containernetworking-plugins': '/usr/lib/cni/bridge',
  iproute2: '/usr/sbin/ip',
  'util-linux': '/usr/bin/unshare',
} as const;

export type MachinePackage = keyof typeof FILES;

/** @throws MissingToolError when one is not there and cannot be installed */
export function ensurePackages(names: readonly MachinePackage[], say: Say): void {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) throw new MissingToolError('this needs Linux and root');
  const missing = names.filter((name) => !isThere(name));
  if (missing.length === 0) return;
  say(`installing the packages ${missing.join(' ')} ...`);
  const apt = (...args: readonly string[]): boolean =>
    spawnSync('apt-get', ['--quiet', ...args], {
      stdio: ['ignore', 'ignore', 'inherit'],
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    }).status === 0;
  const done = apt('update') && apt('install', '--yes', '--no-install-recommends', ...missing);
  const left = names.filter((name) => !isThere(name));
  if (!done || left.length > 0)
    throw new MissingToolError(`these packages are missing and could not be installed: ${missing.join(' ')}`);
}

/** `/usr/sbin/ip` may be `/sbin/ip` or `/usr/bin/ip`. */
function isThere(name: MachinePackage): boolean {
  const file = FILES[name];
  const elsewhere = [
    file,
    file.replace('/usr/sbin', '/usr/bin'),
    file.replace('/usr', ''),
    file.replace('/usr/sbin', '/bin'),
  ];
  return elsewhere.some((each) => existsSync(each));
}
