/** How the image runs the program. The bench runs it the same way, so what it measures is what is shipped. */

/**
 * Flags of Node. Left alone, V8 lets garbage grow to 130 MiB before it looks at old objects for the first time, and to four times what is
 * alive later. An operator of 10,000 objects has some 70 MiB that live and hardly ever needs the speed:
 *
 * - the first look at 40 MiB, later ones when what lived has grown by half;
 * - a young generation of 2 × 4 MiB, and not less while there is little to do: answers of the API server die in it;
 * - memory that is free goes back to the system at once.
 *
 * Measured with 2,000 objects at `refreshInterval: 1m`: 190 MiB of RSS instead of 245, and as much CPU as before (docs/benchmarks.md).
 */
export const NODE_FLAGS: readonly string[] = [
  '--max-semi-space-size=4',
  '--min-semi-space-size=4',
  '--initial-old-space-size=40',
  '--heap-growing-percent=50',
  '--no-memory-pool',
];

/** glibc keeps a pool of memory for each thread that ever asked for some, and hardly ever gives it back. */
export const RUNTIME_ENVIRONMENT: Readonly<Record<string, string>> = {
  MALLOC_ARENA_MAX: '1',
  MALLOC_TRIM_THRESHOLD_: '131072',
};
