/** The folder that the Dockerfile copies from: `dist/image/context`. Any builder of images can build from it. */
import {
  chmodSync,
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { NODE_FLAGS, RUNTIME_ENVIRONMENT } from '../runtime.ts';

export const ROOT = join(import.meta.dirname, '../..');
export const OUTPUT = join(ROOT, 'dist/image');
export const CONTEXT = join(OUTPUT, 'context');

/** The lock's key of the package whose Node goes into the image: the one that runs here. */
export const NODE_PACKAGE = `node_modules/node-${process.platform}-${process.arch}`;

/** @throws when `npm run build` has not run */
export function prepareContext(): void {
  const bundle = join(ROOT, 'dist/external-secrets.mjs');
  if (!existsSync(bundle)) throw new Error('there is no bundle: run "npm run build"');
  rmSync(OUTPUT, { recursive: true, force: true });
  const app = join(CONTEXT, 'app');
  mkdirSync(app, { recursive: true });
  copyFileSync(realpathSync(join(ROOT, NODE_PACKAGE, 'bin/node')), join(CONTEXT, 'node'));
  copyFileSync(join(ROOT, 'image/assemble.sh'), join(CONTEXT, 'assemble.sh'));
  writeFileSync(join(CONTEXT, 'Dockerfile'), dockerfile());
  copyFileSync(join(ROOT, 'LICENSE'), join(app, 'LICENSE'));
  copyFileSync(join(ROOT, 'dist/template-worker.mjs'), join(app, 'template-worker.mjs'));
  cpSync(join(ROOT, 'dist/chunks'), join(app, 'chunks'), { recursive: true });
  writeProgram(bundle, join(app, 'external-secrets.mjs'));
}

/** V8 takes most of its flags from the command line only, and an ENTRYPOINT cannot be made of arguments of the build. */
export function dockerfile(): string {
  const environment = Object.entries(RUNTIME_ENVIRONMENT).map(([name, value]) => `${name}=${value}`);
  return readFileSync(join(ROOT, 'image/Dockerfile'), 'utf8')
    .replace('"NODE_FLAGS"', NODE_FLAGS.map((flag) => JSON.stringify(flag)).join(', '))
    .replace(/\bRUNTIME_ENVIRONMENT$/m, environment.join(' '));
}

/** There is no `env` in the image that could find Node. */
function writeProgram(bundle: string, file: string): void {
  writeFileSync(file, readFileSync(bundle, 'utf8').replace(/^#!.*/, '#!/usr/bin/node'));
  chmodSync(file, 0o755);
  chmodSync(join(CONTEXT, 'node'), 0o755);
}

/** Arguments of the Dockerfile that say what is built. */
export function describeBuild(source: {
  readonly commit: string;
  readonly time: Date;
}): Readonly<Record<string, string>> {
  return {
    VERSION: `v${packageVersion()}`,
    REVISION: source.commit,
    CREATED: source.time.toISOString(),
  };
}

export function packageVersion(): string {
  return (JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { version: string }).version;
}
