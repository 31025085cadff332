/**
 * Reads the checked-in CRDs. Parsing them takes a moment, so a process does it once.
 */
import { readFileSync, readdirSync, existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseAllDocuments } from 'yaml';
import type { JsonObject } from './json.ts';

const FOLDER = fileURLToPath(new URL('../../crds/', import.meta.url));

let cached: readonly JsonObject[] | undefined;

/** Every CustomResourceDefinition in `crds/`, parsed. */
export function checkedInDefinitions(): readonly JsonObject[] {
  cached ??= existsSync(FOLDER)
    ? readdirSync(FOLDER)
        .filter((file) => file.endsWith('.yaml'))
        .sort()
        .flatMap((file) => parseDefinitions(readFileSync(FOLDER + file, 'utf8')))
    : [];
  return cached;
}

/** The definitions in a YAML text of one or more documents; others are skipped. */
export function parseDefinitions(yaml: string): readonly JsonObject[] {
  return parseAllDocuments(yaml)
    .map((document) => document.toJS() as JsonObject | null)
    .filter((object): object is JsonObject => object?.['kind'] === 'CustomResourceDefinition');
}
