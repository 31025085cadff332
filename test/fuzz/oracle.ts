/** The Go tool of tools/golden as one process that answers case after case; started anew when it hangs or dies. */
import { spawn } from 'node:child_process';
import type { ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Interface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { decodeText } from '../../src/template/bytes.ts';
import type { Case } from './cases.ts';
import type { Outcome } from './outcome.ts';

type Process = ChildProcessByStdio<Writable, Readable, null>;

interface Running {
  readonly process: Process;
  readonly lines: AsyncIterator<string>;
  readonly reader: Interface;
}

interface Answer {
  readonly output?: string;
  readonly class?: string;
  readonly error?: string;
}

/** Kilobytes of address space: a template that wants more ends the process, not the machine. */
const MEMORY_KB = 6_000_000;

export class Oracle {
  private readonly program: string;
  private readonly timeoutMs: number;
  private running: Running | undefined;

  /** @param timeoutMs what one answer may take, in milliseconds */
  constructor(program: string, timeoutMs = 10_000) {
    this.program = program;
    this.timeoutMs = timeoutMs;
  }

  /** Answers in the order of the cases; one that hangs or kills Go is a `limit`, and the rest goes on. */
  async render(cases: readonly Case[]): Promise<Outcome[]> {
    const outcomes: Outcome[] = [];
    while (outcomes.length < cases.length) {
      const rest = cases.slice(outcomes.length);
      const running = (this.running ??= this.start());
      running.process.stdin.write(rest.map(requestLine).join(''));
      for (let i = 0; i < rest.length; i++) {
        const outcome = await this.next(running);
        outcomes.push(outcome);
        if (outcome.kind !== 'limit') continue;
        await this.close();
        break;
      }
    }
    return outcomes;
  }

  async close(): Promise<void> {
    const { running } = this;
    this.running = undefined;
    if (running === undefined) return;
    running.reader.close();
    if (running.process.exitCode !== null || running.process.signalCode !== null) return;
    const ended = once(running.process, 'exit');
    running.process.kill('SIGKILL');
    await ended;
  }

  private start(): Running {
    const script = `ulimit -v ${MEMORY_KB}; exec "$0" serve 2>/dev/null`;
    const process = spawn('sh', ['-c', script, this.program], {
      stdio: ['pipe', 'pipe', 'inherit'],
      env: { ...globalThis.process.env, TZ: 'UTC' },
    });
    // The process may die while we write; its missing answer tells.
    process.stdin.on('error', () => {});
    const reader = createInterface({ input: process.stdout });
    return { process, reader, lines: reader[Symbol.asyncIterator]() };
  }

  private async next({ lines }: Running): Promise<Outcome> {
    const late = Promise.withResolvers<'late'>();
    const timer = setTimeout(() => late.resolve('late'), this.timeoutMs);
    const result = await Promise.race([lines.next(), late.promise]);
    clearTimeout(timer);
    if (result === 'late') return { kind: 'limit', message: 'Go gave no answer in time' };
    if (result.done === true) return { kind: 'limit', message: 'Go ended' };
    return outcomeOf(JSON.parse(result.value) as Answer);
  }
}

function outcomeOf(answer: Answer): Outcome {
  if (answer.class === undefined) return { kind: 'output', bytes: Buffer.from(answer.output ?? '', 'base64') };
  const message = decodeText(Buffer.from(answer.error ?? '', 'base64').toString('latin1'));
  return { kind: 'error', class: answer.class, message: answer.class === 'yaml' ? '' : message };
}

/** The case as tools/golden reads it. */
export function requestOf(each: Case): Record<string, unknown> {
  const { template, data, name, missingKey, delimiters, parse } = each;
  return {
    base64: template.toString('base64'),
    bytes: Object.fromEntries([...data].map(([key, value]) => [key, value.toString('base64')])),
    name,
    missingKey,
    ...(delimiters === undefined ? {} : { delims: [delimiters.left, delimiters.right] }),
    ...(parse === undefined ? {} : { parse }),
  };
}

function requestLine(each: Case): string {
  return `${JSON.stringify(requestOf(each))}\n`;
}
