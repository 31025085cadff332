#!/usr/bin/env node
/**
 * The program. No sub-command: the controller. `webhook` and `certcontroller`: its two companions. Each reads what it was told, starts,
 * and runs until a signal or until it cannot go on. `render`, `migrate`, `doctor`: for a person at a terminal, print and end.
 */
import { startController } from './assembly/controller-process.ts';
import { renderCommand } from './cli/commands.ts';
import { parseCertControllerOptions, parseOptions, parseWebhookOptions } from './options.ts';

export { startController, type ProcessDeps, type RunningController } from './assembly/controller-process.ts';

/** @returns the exit code. */
export async function main(argv: readonly string[]): Promise<number> {
  const [command, ...rest] = argv;
  if (command === 'render') {
    process.stdout.write(await renderCommand(rest));
    return 0;
  }
  if (command === 'migrate') {
    const { migrateCommand } = await import('./cli/migrate/command.ts');
    const { output, code } = await migrateCommand(rest);
    process.stdout.write(output);
    return code;
  }
  if (command === 'doctor') {
    const { doctorCommand } = await import('./cli/doctor/command.ts');
    const { output, code } = await doctorCommand(rest, { isTerminal: process.stdout.isTTY });
    process.stdout.write(output);
    return code;
  }
  if (command === 'webhook') {
    const { startWebhook } = await import('./assembly/webhook-process.ts');
    return run(parseWebhookOptions(rest), startWebhook);
  }
  if (command === 'certcontroller') {
    const { startCertController } = await import('./assembly/certcontroller-process.ts');
    return run(parseCertControllerOptions(rest), startCertController);
  }
  return run(parseOptions(argv), startController);
}

/** A second signal ends the process at once. @param options a text: the help page that was asked for */
async function run<Options>(
  options: Options | string,
  start: (options: Options) => Promise<{ readonly exited: Promise<number>; stop(): Promise<void> }>,
): Promise<number> {
  if (typeof options === 'string') {
    process.stdout.write(options);
    return 0;
  }
  const running = await start(options);
  let stopping = false;
  const onSignal = (): void => {
    if (stopping) process.exit(1);
    stopping = true;
    void running.stop();
  };
  process.on('SIGTERM', onSignal).on('SIGINT', onSignal);
  return running.exited;
}

// True through a symbolic link too, which is what /bin/external-secrets of the image is.
if (import.meta.main) {
  main(process.argv.slice(2)).then(
    (code) => process.exit(code),
    (error: unknown) => {
      process.stderr.write(`external-secrets: ${error instanceof Error ? error.message : String(error)}\n`);
      process.exit(1);
    },
  );
}
