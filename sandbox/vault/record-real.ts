/**
 * Records the real Vault's answers: `node sandbox/vault/record-real.ts <given.json>`, where the file holds `address`,
 * `rootToken` and `given` (see `fidelity.table.ts`) of a fresh dev server with the Kubernetes auth plugin.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { play, type Server } from './fidelity.ts';
import { STEPS } from './fidelity.table.ts';

const server = JSON.parse(readFileSync(process.argv[2] ?? '', 'utf8')) as Server;
const answers = await play(STEPS, server);
const lines = answers.map((answer) => JSON.stringify(answer));
writeFileSync(new URL('fidelity.golden.json', import.meta.url), `[\n${lines.join(',\n')}\n]\n`);
