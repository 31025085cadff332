/** One line of what `external-secrets doctor` found out about one object: what was looked at, how it is, and what to do if it is wrong. */

export type Step =
  | { readonly state: 'ok'; readonly what: string; readonly message: string }
  /** Could not be looked at, mostly for want of rights. */
  | { readonly state: 'unknown'; readonly what: string; readonly message: string }
  | { readonly state: 'fail'; readonly what: string; readonly message: string; readonly remedy: string };

export type Failure = Extract<Step, { readonly state: 'fail' }>;

export function ok(what: string, message: string): Step {
  return { state: 'ok', what, message };
}

export function unknown(what: string, message: string): Step {
  return { state: 'unknown', what, message };
}

/** `remedy`: one sentence without its full stop. */
export function fail(what: string, message: string, remedy: string): Failure {
  return { state: 'fail', what, message, remedy };
}

const UNITS = [
  [86_400_000, 'd'],
  [3_600_000, 'h'],
  [60_000, 'min'],
  [1_000, 's'],
] as const;

/** A length of time in its largest unit, e.g. `3 h`. @param ms negative counts as nothing: clocks differ a little */
export function lasting(ms: number): string {
  const [size, unit] = UNITS.find(([each]) => ms >= each) ?? UNITS[3];
  return `${Math.floor(Math.max(ms, 0) / size)} ${unit}`;
}
