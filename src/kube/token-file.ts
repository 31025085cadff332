/**
 * A bearer token in a file that somebody else renews, as the kubelet does with a Pod's service-account token: read
 * again every minute, because the old one stays valid for a while but not for ever.
 */
import { readFile } from 'node:fs/promises';
import type { Clock } from '../clock.ts';

const REREAD_AFTER_MS = 60_000;

/**
 * Returns a function for `ConnectionConfig.token`. While the file cannot be read, the last token serves on.
 * The function throws the file system's error when there was never a token.
 */
export function tokenFile(path: string, clock: Clock): () => Promise<string> {
  let token: string | undefined;
  let readAt = 0;
  let reading: Promise<string> | undefined;

  const read = async (): Promise<string> => {
    try {
      const text = (await readFile(path, 'utf8')).trim();
      if (text === '') throw new Error(`${path} is empty`);
      token = text;
    } catch (error) {
      if (token === undefined) throw error;
    } finally {
      readAt = clock.now();
      reading = undefined;
    }
    return token;
  };

  return () => {
    if (token !== undefined && clock.now() - readAt < REREAD_AFTER_MS) return Promise.resolve(token);
    return (reading ??= read());
  };
}
