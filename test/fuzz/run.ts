/**
 * `npm run fuzz`: random templates through Go and through our engine; every difference is shrunk and shown.
 *
 * `--seed=N` (default: the day), `--cases=N` (default 20,000), `--chunk=N` cases sent to Go at once (default 250),
 * `--case=N` one case of the seed only, `--shrink=N` differences to shrink (default 10). Status 1 when something differs.
 */
import { parseArgs } from 'node:util';
import { findOrBuildGolden } from '../real-parts/build.ts';
import { LEFT_OUT } from './catalogue.ts';
import { makeCase } from './cases.ts';
import { fuzz } from './fuzzer.ts';
import type { Difference, FuzzOptions } from './fuzzer.ts';
import { Oracle, requestOf } from './oracle.ts';
import type { Outcome } from './outcome.ts';

const say = (line: string): void => console.log(line);

function options(): FuzzOptions {
  const string = { type: 'string' } as const;
  const { values } = parseArgs({
    options: { seed: string, cases: string, chunk: string, case: string, shrink: string },
  });
  const only = values.case === undefined ? undefined : whole('case', values.case);
  return {
    seed: whole('seed', values.seed ?? new Date().toISOString().slice(0, 10).replaceAll('-', '')),
    first: only ?? 0,
    cases: only === undefined ? whole('cases', values.cases ?? '20000') : 1,
    chunk: Math.max(1, whole('chunk', values.chunk ?? '250')),
    shrinkAtMost: whole('shrink', values.shrink ?? '10'),
  };
}

function whole(name: string, text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new Error(`--${name} must be a whole number, not "${text}"`);
  return Number(text);
}

function show(outcome: Outcome): string {
  if (outcome.kind === 'output') return `output ${JSON.stringify(outcome.bytes.toString('utf8'))}`;
  return outcome.kind === 'error' ? `${outcome.class} error ${outcome.message}` : `no result: ${outcome.message}`;
}

function report(seed: number, { index, small, ours, go }: Difference): void {
  const { base64: _encoded, bytes: _bytes, ...rest } = requestOf(small);
  const data = Object.fromEntries([...small.data].map(([key, value]) => [key, value.toString('utf8')]));
  say(`\ncase ${index}, shrunk (again: npm run fuzz -- --seed=${seed} --case=${index}):`);
  say(`  template ${JSON.stringify(small.template.toString('utf8'))}`);
  say(`  with     ${JSON.stringify({ ...rest, data })}`);
  say(`  as bytes ${small.template.toString('base64')}`);
  say(`  Go:      ${show(go)}`);
  say(`  ours:    ${show(ours)}`);
}

async function main(): Promise<number> {
  const chosen = options();
  const oracle = new Oracle(await findOrBuildGolden(say));
  say(`seed ${chosen.seed}, ${chosen.cases} cases; left out: ${Object.keys(LEFT_OUT).join(' ')}`);
  if (chosen.cases === 1) say(makeCase(chosen.seed, chosen.first).template.toString('utf8'));
  const started = Date.now();
  const result = await fuzz(oracle, chosen, (done) => {
    if (done % 10_000 < chosen.chunk && done >= 10_000) say(`  ${done} cases, ${seconds(started)} s`);
  });
  await oracle.close();
  for (const difference of result.differences) report(chosen.seed, difference);
  for (const { index, message } of result.limits) say(`case ${index} had no result: ${message}`);
  const { counts } = result;
  say(
    `\nseed ${chosen.seed}: ${counts['equal output']} equal outputs, ${counts['equal error']} equal errors, ` +
      `${counts.different} differences, ${counts.known} known differences, ${counts.limit} without a result, ${seconds(started)} s`,
  );
  if (counts.different > 0) say(`differing cases: ${result.differing.join(' ')}`);
  return counts.different > 0 ? 1 : 0;
}

function seconds(since: number): number {
  return Math.round((Date.now() - since) / 1000);
}

try {
  process.exitCode = await main();
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 2;
}
