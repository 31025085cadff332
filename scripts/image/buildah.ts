/** buildah with a storage of its own, so that nothing of the machine's images is seen or changed. Needs root. */
import { execFile } from 'node:child_process';
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';

const MEGABYTES = 64 * 1024 * 1024;

export interface Build {
  /** Folder with the files that the Dockerfile copies. */
  readonly context: string;
  readonly dockerfile: string;
  readonly args: Readonly<Record<string, string>>;
  /** Time of every file and of the image, in seconds since 1970: the same input gives the same image. */
  readonly timestamp: number;
  readonly tag: string;
}

export class Buildah {
  readonly #storage: readonly string[];

  /** @param folder where images are kept between runs */
  constructor(folder: string) {
    mkdirSync(folder, { recursive: true });
    this.#storage = ['--storage-driver=vfs', `--root=${join(folder, 'storage')}`, `--runroot=${join(folder, 'run')}`];
  }

  /** @returns what it prints. @throws Error with what it complains about */
  async run(command: string, ...args: readonly string[]): Promise<string> {
    const all = [...this.#storage, command, ...args];
    const { stdout } = await promisify(execFile)('buildah', all, { maxBuffer: MEGABYTES });
    return stdout.trim();
  }

  async has(image: string): Promise<boolean> {
    const found = await this.run('images', '--quiet', '--filter', `reference=${image}`);
    return found !== '';
  }

  /** @returns the image's id: the SHA-256 of its configuration, which names its layers */
  async build({ context, dockerfile, args, timestamp, tag }: Build): Promise<string> {
    const pairs = Object.entries(args).flatMap(([name, value]) => ['--build-arg', `${name}=${value}`]);
    const how = ['--quiet', '--isolation=chroot', '--layers=false', `--timestamp=${timestamp}`];
    return this.run('build', ...how, ...pairs, `--tag=${tag}`, `--file=${dockerfile}`, context);
  }

  /** Makes an image of a folder's content. */
  async importFolder(folder: string, tag: string): Promise<void> {
    const container = await this.run('from', 'scratch');
    await this.run('add', '--quiet', container, folder, '/');
    await this.run('commit', '--quiet', '--rm', container, tag);
  }

  /** Writes a file that `docker load` and `ctr images import` read; the image is called `name` there. */
  async save(tag: string, file: string, name: string): Promise<void> {
    rmSync(file, { force: true });
    await this.run('push', '--quiet', tag, `docker-archive:${file}:${name}`);
  }

  /** Calls `look` with a folder that holds the files of the image. */
  async inside<T>(tag: string, look: (folder: string) => T | Promise<T>): Promise<T> {
    const container = await this.run('from', tag);
    try {
      return await look(await this.run('mount', container));
    } finally {
      await this.run('rm', container);
    }
  }
}
