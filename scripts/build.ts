/**
 * `npm run build`: bundles the program and its dependencies into `dist/external-secrets.mjs`. What is imported on demand (AWS, Vault and the
 * other backends, the kubeconfig reader) becomes a chunk of its own, loaded when a store first needs it.
 */
import { build } from 'esbuild';
import { chmodSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { BUNDLE } from './bundle.ts';

rmSync('dist', { recursive: true, force: true });
const result = await build({
  ...BUNDLE,
  // The worker is found beside the program by its name (src/template/renderer.ts).
  entryPoints: { 'external-secrets': 'src/main.ts', 'template-worker': 'src/template/worker.ts' },
  outdir: 'dist',
  outExtension: { '.js': '.mjs' },
  chunkNames: 'chunks/[name]-[hash]',
  splitting: true,
  metafile: true,
});
const outputs = Object.keys(result.metafile.outputs);
const bytes = outputs.reduce((sum, file) => sum + statSync(file).size, 0);
chmodSync('dist/external-secrets.mjs', 0o755);
// For the SBOM of the image: which packages are really inside.
writeFileSync('dist/metafile.json', JSON.stringify(result.metafile));
console.log(`dist/external-secrets.mjs and ${outputs.length - 1} other files, ${(bytes / 1024).toFixed(0)} KiB`);
