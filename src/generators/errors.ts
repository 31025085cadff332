/** What can go wrong with a generator before a backend is asked. Messages name objects and fields, never values. */

/** The generator, or what it was asked for, is of no use as it is; mending it helps. */
export class GeneratorError extends Error {
  override readonly name: string = 'GeneratorError';
  /** Generators are not watched, so whoever waits for a mended one looks again soon: that is one read of one object. */
  readonly retryAfterMs: number = 30_000;
}

/** There is no such generator object. */
export class GeneratorNotFoundError extends GeneratorError {
  override readonly name = 'GeneratorNotFoundError';
}

/** Trying again is pointless until somebody changes an object: wrong group or kind, a ClusterGenerator that contradicts itself. */
export class TerminalGeneratorError extends GeneratorError {
  override readonly name = 'TerminalGeneratorError';
}

export function unavailable(kind: string): TerminalGeneratorError {
  return new TerminalGeneratorError(`generator ${kind} is not available in this build`);
}
