/**
 * `npm run image`: builds the container image with buildah into `dist/image/external-secrets-ts.tar`, with its bill of materials and its
 * provenance beside it. Linux and root.
 *
 * `--base <image>`: the Debian whose files are picked, best pinned by digest; without it a base is made on this machine (`--renew-base`
 * makes it again). `--context-only`: only prepares `dist/image/context`, for other builders.
 */
import { relative } from 'node:path';
import { parseArgs } from 'node:util';
import { CONTEXT, prepareContext, ROOT } from './image/context.ts';
import { makeImage } from './image/make.ts';
import { MissingToolError } from '../test/real-parts/build.ts';

const { values } = parseArgs({
  options: { base: { type: 'string' }, 'renew-base': { type: 'boolean' }, 'context-only': { type: 'boolean' } },
});
const say = (line: string): void => console.log(`image: ${line}`);
const short = (file: string): string => relative(ROOT, file);

try {
  if (values['context-only'] === true) {
    prepareContext();
    say(`${short(CONTEXT)} is ready`);
  } else {
    const { base } = values;
    const image = await makeImage(say, {
      renewBase: values['renew-base'] ?? false,
      ...(base !== undefined && { base }),
    });
    say(`${image.name}, id ${image.id}`);
    say(`${short(image.archive)}, ${(image.bytes / 1024 / 1024).toFixed(1)} MiB`);
    say(`${short(image.sbom)}, ${short(image.provenance)}`);
  }
} catch (error) {
  if (!(error instanceof MissingToolError)) throw error;
  console.error(`image: ${error.message}`);
  process.exitCode = 1;
}
