#!/usr/bin/env node
/**
 * The program. No sub-command: the controller. It reads what it was told, starts, and runs until a signal or until it cannot go on.
 */
import { pathToFileURL } from 'node:url';
import { startController } from './assembly/controller-process.ts';
import { parseOptions, UsageError } from './options.ts';

export { startController, type ProcessDeps, type RunningController } from './assembly/controller-process.ts';

/** @returns the exit code. A second signal ends the process at once. */
export async function main(argv: readonly string[]): Promise<number> {
  const options = parseOptions(argv);
  if (typeof options === 'string') {
    process.stdout.write(options);
    return 0;
  }
  const running = await startController(options);
  let stopping = false;
  const onSignal = (): void => {
    if (stopping) process.exit(1);
    stopping = true;
    void running.stop();
  };
  process.on('SIGTERM', onSignal).on('SIGINT', onSignal);
  return running.exited;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  main(process.argv.slice(2)).then(
    (code) => process.exit(code),
    (error: unknown) => {
      const message =
        error instanceof UsageError ? error.message : String(error instanceof Error ? error.message : error);
      process.stderr.write(`external-secrets: ${message}\n`);
      process.exit(1);
    },
  );
}
