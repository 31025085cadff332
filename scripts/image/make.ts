/** Builds the image from the bundle and writes beside it what is in it and how it was made. */
import { createHash } from 'node:crypto';
import { createReadStream, globSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { cacheFolder } from '../../test/real-parts/build.ts';
import { ensurePackages } from '../../test/real-parts/machine-packages.ts';
import { Buildah } from './buildah.ts';
import { CONTEXT, describeBuild, NODE_PACKAGE, OUTPUT, packageVersion, prepareContext, ROOT } from './context.ts';
import { localBase } from './local-base.ts';
import { provenance } from './provenance.ts';
import type { Digest } from './provenance.ts';
import { sbom } from './sbom.ts';
import type { LockedPackage } from './sbom.ts';
import { sourceOf } from './source.ts';

export interface ImageOptions {
  /** Image of a Debian with apt, e.g. `docker.io/library/debian:bookworm-slim@sha256:…`; default: one made on this machine. */
  readonly base?: string;
  /** Make the local base again. */
  readonly renewBase?: boolean;
}

export interface Image {
  /** As the chart with its default values names it. */
  readonly name: string;
  /** SHA-256 of the image's configuration, in hex: the same source and base give the same one. */
  readonly id: string;
  /** Files that `docker load` reads, and the two documents. */
  readonly archive: string;
  readonly sbom: string;
  readonly provenance: string;
  /** Bytes of the archive, which is not compressed. */
  readonly bytes: number;
}

const NAME = 'external-secrets-ts';

/** Where buildah keeps images between runs. */
export function imageStorage(): Buildah {
  return new Buildah(join(cacheFolder(), 'images'));
}

/** `npm run build` must have run. @throws MissingToolError when there is no buildah and none can be installed */
export async function makeImage(say: (line: string) => void, options: ImageOptions = {}): Promise<Image> {
  const started = new Date();
  ensurePackages(['buildah'], say);
  const buildah = imageStorage();
  const base = options.base ?? (await localBase(buildah, say, options.renewBase));
  prepareContext();
  const source = sourceOf(ROOT);
  const tag = `localhost/${NAME}:v${packageVersion()}`;
  const args = { ...describeBuild(source), BASE: base };
  const timestamp = source.time.getTime() / 1000;
  const id = await buildah.build({ context: CONTEXT, dockerfile: join(CONTEXT, 'Dockerfile'), args, timestamp, tag });
  const name = `docker.io/library/${NAME}:v${packageVersion()}`;
  const archive = join(OUTPUT, `${NAME}.tar`);
  await buildah.save(tag, archive, name);
  const files = { sbom: join(OUTPUT, 'sbom.cdx.json'), provenance: join(OUTPUT, 'provenance.json') };

  const debian = await buildah.inside(tag, (folder) => debianRecords(folder));
  write(files.sbom, sbomOf(id, source.time, debian));
  const statement = provenance({
    subjects: { [name]: { sha256: id }, [`${NAME}.tar`]: { sha256: await sha256(archive) } },
    commit: source.commit,
    modified: source.modified,
    parameters: args,
    materials: await materialsOf(buildah, base),
    builder: { buildah: await buildah.run('--version'), node: process.version },
    started,
    finished: new Date(),
  });
  write(files.provenance, statement);
  return { name, id, archive, bytes: statSync(archive).size, ...files };
}

function debianRecords(folder: string): readonly string[] {
  const records = globSync('var/lib/dpkg/status.d/*', { cwd: folder }).toSorted();
  return records.map((file) => readFileSync(join(folder, file), 'utf8'));
}

function sbomOf(imageId: string, timestamp: Date, debian: readonly string[]): object {
  const read = (file: string): unknown => JSON.parse(readFileSync(join(ROOT, file), 'utf8'));
  const { outputs } = read('dist/metafile.json') as Metafile;
  const bundled = Object.values(outputs).flatMap(({ inputs }) =>
    Object.entries(inputs).flatMap(([file, { bytesInOutput }]) => (bytesInOutput > 0 ? file : [])),
  );
  const { packages: locked } = read('package-lock.json') as { packages: Record<string, LockedPackage> };
  return sbom({
    name: NAME,
    version: packageVersion(),
    imageId,
    timestamp,
    bundled,
    locked,
    node: NODE_PACKAGE,
    debian,
  });
}

/** What of esbuild's account is used: which file gave how many bytes. */
interface Metafile {
  readonly outputs: Readonly<
    Record<string, { readonly inputs: Readonly<Record<string, { readonly bytesInOutput: number }>> }>
  >;
}

async function materialsOf(buildah: Buildah, base: string): Promise<Record<string, Digest>> {
  const digest = await buildah.run('inspect', '--type=image', '--format={{.FromImageDigest}}', base);
  return {
    [`image:${base}`]: { sha256: digest.replace(/^sha256:/, '') },
    'file:package-lock.json': { sha256: await sha256(join(ROOT, 'package-lock.json')) },
    'file:context/node': { sha256: await sha256(join(CONTEXT, 'node')) },
    'file:context/app/external-secrets.mjs': { sha256: await sha256(join(CONTEXT, 'app/external-secrets.mjs')) },
  };
}

async function sha256(file: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(file), hash);
  return hash.digest('hex');
}

function write(file: string, content: object): void {
  writeFileSync(file, `${JSON.stringify(content, undefined, 2)}\n`);
}
