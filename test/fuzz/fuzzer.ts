/** Runs cases on both engines, counts what comes out and shrinks what differs. */
import { makeCase } from './cases.ts';
import type { Case } from './cases.ts';
import { knownReason, ourOutcome, verdict } from './outcome.ts';
import type { Outcome, Verdict } from './outcome.ts';
import type { Oracle } from './oracle.ts';
import { shrink } from './shrink.ts';

export interface FuzzOptions {
  readonly seed: number;
  /** Number of the first case, and how many. */
  readonly first: number;
  readonly cases: number;
  /** Cases sent to Go at once. */
  readonly chunk: number;
  /** Differences to shrink; the others are only counted. */
  readonly shrinkAtMost: number;
}

export interface Difference {
  readonly index: number;
  readonly small: Case;
  readonly ours: Outcome;
  readonly go: Outcome;
}

export interface FuzzReport {
  readonly counts: Readonly<Record<Verdict, number>>;
  readonly limits: readonly { readonly index: number; readonly message: string }[];
  /** Numbers of all cases that differ. */
  readonly differing: readonly number[];
  readonly differences: readonly Difference[];
}

export async function fuzz(
  oracle: Oracle,
  options: FuzzOptions,
  progress: (done: number) => void,
): Promise<FuzzReport> {
  const counts = { 'equal output': 0, 'equal error': 0, limit: 0, known: 0, different: 0 };
  const limits: { index: number; message: string }[] = [];
  const differing: number[] = [];
  const end = options.first + options.cases;
  for (let at = options.first; at < end; at += options.chunk) {
    const cases = Array.from({ length: Math.min(options.chunk, end - at) }, (_, i) => makeCase(options.seed, at + i));
    const results = await compare(oracle, cases);
    for (const [i, { ours, go, verdict: found }] of results.entries()) {
      counts[found]++;
      if (found === 'different') differing.push(at + i);
      const limited = [ours, go].find(({ kind }) => kind === 'limit');
      if (limited?.kind === 'limit') limits.push({ index: at + i, message: limited.message });
    }
    progress(at + cases.length - options.first);
  }
  const differences: Difference[] = [];
  for (const index of differing.slice(0, options.shrinkAtMost))
    differences.push(await shrunk(oracle, options.seed, index));
  return { counts, limits, differing, differences };
}

interface Compared {
  readonly ours: Outcome;
  readonly go: Outcome;
  readonly verdict: Verdict;
}

async function compare(oracle: Oracle, cases: readonly Case[]): Promise<Compared[]> {
  const theirs = oracle.render(cases);
  const mine = cases.map(ourOutcome);
  const answers = await theirs;
  return mine.map((ours, i) => {
    const go = answers[i] ?? { kind: 'limit', message: 'Go gave no answer' };
    const found = verdict(ours, go);
    const each = cases[i];
    const isKnown = found === 'different' && each !== undefined && knownReason(each, ours, go) !== undefined;
    return { ours, go, verdict: isKnown ? 'known' : found };
  });
}

async function shrunk(oracle: Oracle, seed: number, index: number): Promise<Difference> {
  const whole = makeCase(seed, index);
  const [first] = await compare(oracle, [whole]);
  const kind = first === undefined ? '' : kindOf(first);
  const small = await shrink(whole, async (cases) =>
    (await compare(oracle, cases)).map((each) => each.verdict === 'different' && kindOf(each) === kind),
  );
  const [last] = await compare(oracle, [small]);
  if (last === undefined) throw new Error(`case ${index} has no outcome`);
  return { index, small, ours: last.ours, go: last.go };
}

/** Two differences of one kind may well be one fault. */
function kindOf({ ours, go }: Compared): string {
  return [ours, go].map((each) => (each.kind === 'error' ? each.class : each.kind)).join('/');
}
