/**
 * `npm run manifest`: writes `dist/install.yaml`, everything the chart installs with default values as one file, for people who do not use
 * Helm. Requests are for a small cluster; the objects carry the namespace `external-secrets`, which must exist.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { findOrBuildPart } from '../test/real-parts/build.ts';
import { Helm, nested, type Values } from '../test/chart/helm.ts';

const VALUES: Values = {
  fullnameOverride: 'external-secrets',
  // Measured: an idle controller. The limits are the reader's to set.
  'resources.requests': { cpu: '10m', memory: '128Mi' },
};
const FILE = join(import.meta.dirname, '../dist/install.yaml');

const helm = await findOrBuildPart('helm3', (line) => console.log(line));
const text = await new Helm(helm).text({ values: nested(VALUES) });
mkdirSync(join(FILE, '..'), { recursive: true });
writeFileSync(FILE, text);
console.log(`${FILE}: ${(Buffer.byteLength(text) / 1024).toFixed(0)} KiB`);
