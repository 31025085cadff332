/**
 * The AWS of the benches, in a process of its own so that its work is not counted as ours: Secrets Manager and Parameter Store with
 * 20 ms per call. The bench talks to it over stdin and stdout, one JSON line each: `{"fill": n}`, `{"calls": true}`, `{"reset": true}`.
 */
import { createInterface } from 'node:readline';
import { startAws } from '../sandbox/aws/server.ts';
import { systemClock } from '../src/clock.ts';

export const ACCESS_KEY = { id: 'AKIABENCH', secret: 'bench-secret-access-key' } as const;
const LATENCY_MS = 20;

if (process.argv.includes('--serve')) await serve();

async function serve(): Promise<void> {
  const aws = await startAws({ clock: systemClock, latencyMs: LATENCY_MS });
  await aws.addAccessKey(ACCESS_KEY.id, ACCESS_KEY.secret);
  const answer = (value: unknown): void => void process.stdout.write(`${JSON.stringify(value)}\n`);
  answer({ endpoint: aws.endpoint });
  for await (const line of createInterface({ input: process.stdin })) {
    const { fill, reset } = JSON.parse(line) as { fill?: number; reset?: boolean };
    for (let index = 0; index < (fill ?? 0); index++) {
      await aws.putSecret(keyName(index), valueOf(index));
      await aws.putParameter(`/${keyName(index)}`, valueOf(index), { type: 'SecureString' });
    }
    if (reset === true) await aws.resetCalls();
    answer({ calls: Object.fromEntries(await aws.calls()) });
  }
  await aws.stop();
}

export function keyName(index: number): string {
  return `bench/key-${index}`;
}

function valueOf(index: number): string {
  return JSON.stringify({
    username: `user-${index}`,
    password: `password-${index}-`.padEnd(32, 'x'),
    host: `db-${index}.example.test`,
  });
}
