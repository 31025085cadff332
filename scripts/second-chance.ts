/**
 * Runs test files and, when some fail, those once more, one at a time: on a busy machine a time-out may be the machine's fault. Used where nobody
 * can just try again (`.ci/run`). It is said loudly. What fails twice has failed.
 */
import { readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const REPORTER = new URL('./run-reporter.ts', import.meta.url).pathname;
/** More than this is no accident. */
const MOST_FILES = 5;

interface Counts {
  readonly tests: number;
  readonly passed: number;
  readonly failed: number;
  readonly cancelled: number;
  readonly skipped: number;
}

interface Report {
  readonly failed: readonly string[];
  readonly counts: Counts | undefined;
}

/** Runs Node's test runner with `flags` on `files`, so many at the same time. @returns its exit status */
export type RunFiles = (flags: readonly string[], files: readonly string[], atOnce: number) => Promise<number>;

/** @returns the exit status of the whole */
export async function withSecondChance(run: RunFiles, files: readonly string[], atOnce: number): Promise<number> {
  const first = await reported((flags) => run(flags, files, atOnce));
  const { failed } = first.report;
  if (first.status === 0 || failed.length === 0 || failed.length > MOST_FILES) return first.status;
  console.log(`\nFAILED, and run once more by themselves: ${failed.join(', ')}\n`);
  const second = await reported((flags) => run(flags, failed, 1));
  if (second.status === 0) console.log(`\nPASSED ONLY AT THE SECOND TRY: ${failed.join(', ')}`);
  tell(first.report.counts, second.report.counts);
  return second.status;
}

async function reported(
  run: (flags: readonly string[]) => Promise<number>,
): Promise<{ readonly status: number; readonly report: Report }> {
  const file = join(tmpdir(), `test-report-${process.pid}.jsonl`);
  const flags = ['spec', REPORTER].map((reporter) => `--test-reporter=${reporter}`);
  const destinations = ['stdout', file].map((destination) => `--test-reporter-destination=${destination}`);
  try {
    const status = await run([...flags, ...destinations]);
    return { status, report: parse(readFileSync(file, 'utf8')) };
  } finally {
    rmSync(file, { force: true });
  }
}

function parse(text: string): Report {
  const lines = text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as { file?: string; counts?: Counts });
  return {
    failed: lines.flatMap(({ file }) => (file === undefined ? [] : [file])),
    counts: lines.find(({ counts }) => counts !== undefined)?.counts,
  };
}

/** In the words of Node's runner: what passed at the first try, and what came of the rest. */
function tell(first: Counts | undefined, second: Counts | undefined): void {
  if (first === undefined || second === undefined) return;
  const lost = first.failed + first.cancelled - second.failed - second.cancelled;
  console.log(`ℹ tests ${first.tests}\nℹ pass ${first.passed + lost}`);
  console.log(`ℹ fail ${second.failed}\nℹ cancelled ${second.cancelled}\nℹ skipped ${first.skipped}`);
}
