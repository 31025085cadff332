/** A Debian made on the spot, for machines that reach a package mirror but no image registry. Only the first stage sees it. */
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { MissingToolError } from '../../test/real-parts/build.ts';
import { ensurePackages } from '../../test/real-parts/machine-packages.ts';
import type { Buildah } from './buildah.ts';

const SUITE = 'bookworm';
const PACKAGES = ['libstdc++6', 'libatomic1', 'ca-certificates'];
const NAME = `localhost/external-secrets-ts-base:${SUITE}`;

/**
 * @param renew make it again although it is there, for newer packages
 * @returns the image's name in the storage of `buildah`
 */
export async function localBase(buildah: Buildah, say: (line: string) => void, renew = false): Promise<string> {
  if (!renew && (await buildah.has(NAME))) return NAME;
  ensurePackages(['debootstrap'], say);
  const folder = mkdtempSync(join(tmpdir(), 'image-base-'));
  try {
    say(`making a base image of Debian ${SUITE} (about a minute, then it is kept) ...`);
    const packages = `--include=${PACKAGES.join(',')}`;
    await debootstrap(['--variant=minbase', packages, SUITE, folder, await mirror()]);
    await buildah.importFolder(folder, NAME);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  return NAME;
}

async function debootstrap(args: readonly string[]): Promise<void> {
  try {
    await promisify(execFile)('debootstrap', [...args]);
  } catch (cause) {
    const remedy = 'name a base image with --base, or see that the package mirror can be reached';
    throw new MissingToolError(`no base image could be made: ${remedy}`, { cause });
  }
}

/** The one this machine's own packages come from, where it is a Debian. */
async function mirror(): Promise<string> {
  const fallback = 'http://deb.debian.org/debian';
  if (!/^ID=debian$/m.test(readFileSync('/etc/os-release', 'utf8'))) return fallback;
  const { stdout } = await promisify(execFile)('apt-get', ['indextargets', '--format', '$(SITE)']);
  return stdout.split('\n').find((site) => site.endsWith('/debian')) ?? fallback;
}
