/** A reporter for Node's test runner, read by `second-chance.ts`: which files have a failing test, and how many tests did what. */
import type { TestEvent } from 'node:test/reporters';

export default async function* report(events: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  const told = new Set<string>();
  for await (const event of events) {
    if (event.type === 'test:summary' && event.data.file === undefined) {
      yield `${JSON.stringify({ counts: event.data.counts })}\n`;
    } else if (event.type === 'test:fail') {
      // A shared suite's tests are written down in a helper: what must be run again is the file that called it.
      const { file, entryFile = file } = event.data as typeof event.data & { readonly entryFile?: string };
      if (entryFile === undefined || told.has(entryFile)) continue;
      told.add(entryFile);
      yield `${JSON.stringify({ file: entryFile })}\n`;
    }
  }
}
