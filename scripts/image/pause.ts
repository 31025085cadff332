/** The image that holds a Pod's namespaces open, made of one static program, because no registry is asked for one. */
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PAUSE_IMAGE } from '../../test/real-parts/containerd.ts';
import { imageStorage } from './make.ts';

/** @returns the archive, in `folder` */
export async function pauseImage(program: string, folder: string): Promise<string> {
  const context = join(folder, 'pause');
  mkdirSync(context);
  copyFileSync(program, join(context, 'pause'));
  const dockerfile = join(context, 'Dockerfile');
  writeFileSync(dockerfile, 'FROM scratch\nCOPY pause /pause\nENTRYPOINT ["/pause"]\n');
  const buildah = imageStorage();
  await buildah.build({ context, dockerfile, args: {}, timestamp: 0, tag: PAUSE_IMAGE });
  const archive = join(folder, 'pause.tar');
  await buildah.save(PAUSE_IMAGE, archive, PAUSE_IMAGE);
  return archive;
}
