/** When a script is to stop: told by a signal, or because whoever wanted its result is gone. */

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
const LOOK_MS = 2000;

/** Aborts at the first of them; the second signal of a kind ends the process as usual. To be called once, at the start. */
export function interrupted(): AbortSignal {
  const controller = new AbortController();
  for (const signal of SIGNALS) process.once(signal, () => controller.abort());
  // Whoever kills npm the hard way leaves us without a parent: then nobody is interested any more.
  const parent = process.ppid;
  setInterval(() => process.ppid !== parent && controller.abort(), LOOK_MS).unref();
  return controller.signal;
}
