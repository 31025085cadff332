/** `npm run soak:install [-- <count>]`: fresh installs with an apply at once; prints how many succeeded. */
import { freshInstall } from './fresh-install.ts';

const DEFAULT_COUNT = 100;
const count = Number(process.argv[2] ?? DEFAULT_COUNT);

let succeeded = 0;
for (let round = 1; round <= count; round++) {
  // Every other one without `--wait`: the two ways in which guides go on after the install.
  const how = round % 2 === 0 ? 'at-once' : 'wait';
  try {
    await freshInstall(how);
    succeeded++;
  } catch (error) {
    console.error(`install ${round} (${how}): ${String(error)}`);
  }
  console.log(`soak: ${succeeded} of ${round} installs succeeded (${count} asked for)`);
}
process.exit(succeeded === count ? 0 : 1);
