/**
 * `npm run generate`: writes everything that follows from the schemas, i.e. the CRDs in `crds/` and in the chart, the chart's
 * own metadata and the reference pages in `docs/reference/`. The functions are pure (text in a map from path to content), the
 * script at the end writes.
 */
import { readFileSync } from 'node:fs';
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { stringify } from 'yaml';
import manifest from '../package.json' with { type: 'json' };
import { customResourceDefinition, type CustomResourceDefinition } from './api/crd.ts';
import { kindDefinitions } from './api/kinds.ts';
import { referencePages } from './api/reference.ts';
import type { ProviderSchema } from './api/secret-store.ts';
import { chartFile } from './chart/chart-file.ts';
import { crdTemplate, crdTemplateName } from './chart/crd-template.ts';
import { valuesSchema } from './chart/values-schema.ts';
import { providers } from './providers/registry.ts';

/** Paths from the root of the checkout, with what belongs there. */
export type GeneratedFiles = ReadonlyMap<string, string>;

/** Folders in which every file is generated: others are removed. */
export const GENERATED_FOLDERS = ['crds', 'docs/reference', 'charts/external-secrets/templates/crds'] as const;

const CHART = 'charts/external-secrets';

const HEADER = '# Made by `npm run generate` from src/api. Edits will be lost.\n';

/** One CRD as YAML. Strings are never wrapped, so that a changed word changes one line. */
export function crdYaml(crd: CustomResourceDefinition): string {
  return HEADER + stringify(crd, { lineWidth: 0, aliasDuplicateObjects: false });
}

/** `crds/<group>_<plural>.yaml` for each kind. */
export function crdFiles(built: readonly ProviderSchema[]): GeneratedFiles {
  return new Map(
    kindDefinitions(built).map((kind) => [
      `crds/${kind.resource.group}_${kind.resource.plural}.yaml`,
      crdYaml(customResourceDefinition(kind)),
    ]),
  );
}

/** `docs/reference/*.md`. */
export function referenceFiles(built: readonly ProviderSchema[]): GeneratedFiles {
  return new Map(
    [...referencePages(kindDefinitions(built), built)].map(([name, text]) => [`docs/reference/${name}`, text]),
  );
}

/** Of the chart: its CRDs, `Chart.yaml`, and `values.schema.json`, which follows from `values.yaml`. */
export function chartFiles(built: readonly ProviderSchema[], valuesYaml: string): GeneratedFiles {
  const crds = kindDefinitions(built).map((kind) => customResourceDefinition(kind));
  return new Map([
    [`${CHART}/Chart.yaml`, chartFile(manifest)],
    [`${CHART}/values.schema.json`, valuesSchema(valuesYaml)],
    ...crds.map((crd) => [`${CHART}/templates/crds/${crdTemplateName(crd)}`, crdTemplate(crd)] as const),
  ]);
}

/** Everything that is generated. */
export function generatedFiles(built: readonly ProviderSchema[] = providers): GeneratedFiles {
  const valuesYaml = readFileSync(join(import.meta.dirname, '..', CHART, 'values.yaml'), 'utf8');
  return new Map([...crdFiles(built), ...referenceFiles(built), ...chartFiles(built, valuesYaml)]);
}

async function write(root: string, files: GeneratedFiles): Promise<void> {
  for (const folder of GENERATED_FOLDERS) await removeOthers(root, folder, files);
  for (const [path, text] of files) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), text);
  }
}

async function removeOthers(root: string, folder: string, files: GeneratedFiles): Promise<void> {
  await mkdir(join(root, folder), { recursive: true });
  for (const name of await readdir(join(root, folder))) {
    if (!files.has(`${folder}/${name}`)) await rm(join(root, folder, name), { recursive: true });
  }
}

if (import.meta.main) {
  const files = generatedFiles();
  await write(join(import.meta.dirname, '..'), files);
  console.log(`${files.size} files are up to date in ${[...GENERATED_FOLDERS, CHART].join(', ')}`);
}
