/** Where a server's certificate comes from: files that somebody renews, or one made on the spot. */
import { readFile } from 'node:fs/promises';
import { isAbsolute, join } from 'node:path';
import { sleep, type Clock } from '../clock.ts';
import type { Log } from '../log.ts';
import type { KeyPair, KeyPairSource } from './http-server.ts';
import { selfSigned } from './self-signed.ts';

export interface KeyPairFiles {
  readonly dir: string;
  /** Relative to `dir`, or absolute. */
  readonly certName: string;
  readonly keyName: string;
  readonly clock: Clock;
  readonly log: Log;
  /** Told about each reading. */
  readonly observe: (succeeded: boolean) => void;
}

const REREAD_MS = 60_000;

/** Reads the files now and again each minute; a pair that cannot be read leaves the old one in use. */
export function keyPairFiles(options: KeyPairFiles): KeyPairSource {
  const { dir, certName, keyName, clock, log, observe } = options;
  const at = (name: string): string => (isAbsolute(name) ? name : join(dir, name));
  let last: KeyPair | undefined;
  const read = async (): Promise<KeyPair> => {
    try {
      const [cert, key] = await Promise.all([readFile(at(certName), 'utf8'), readFile(at(keyName), 'utf8')]);
      observe(true);
      return { cert, key };
    } catch (error) {
      observe(false);
      throw error;
    }
  };
  const again = async (onChange: (pair: KeyPair) => void): Promise<void> => {
    try {
      const pair = await read();
      if (pair.cert === last?.cert && pair.key === last.key) return;
      onChange(pair);
      last = pair;
    } catch (error) {
      log.warn({ error }, 'the certificate could not be read again, the old one stays');
    }
  };
  const loop = async (onChange: (pair: KeyPair) => void, signal: AbortSignal): Promise<void> => {
    try {
      for (;;) {
        await sleep(clock, REREAD_MS, signal);
        await again(onChange);
      }
    } catch {
      // The signal aborted; nothing else leaves the loop.
    }
  };
  return {
    read: async () => (last = await read()),
    follow: (onChange, signal) => void loop(onChange, signal),
  };
}

/** A certificate that nobody vouches for, valid for a year from now: enough to keep tokens off the wire. */
export function selfSignedPair(clock: Clock, names: readonly string[]): KeyPairSource {
  return { read: () => Promise.resolve(selfSigned(names, clock.now())), follow: () => {} };
}
