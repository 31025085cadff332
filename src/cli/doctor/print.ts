/** What `external-secrets doctor` prints of an examination: a line per step, then cause and remedy. Pure. */
import type { Step } from './step.ts';

export interface Printed {
  readonly output: string;
  /** For the process: is something wrong? */
  readonly code: 0 | 1;
}

type Marks = Readonly<Record<Step['state'], string>>;
const FOR_PEOPLE: Marks = { ok: '✓', fail: '✗', unknown: '?' };
const PLAIN: Marks = { ok: 'ok  ', fail: 'FAIL', unknown: '?   ' };

export function marksFor(isTerminal: boolean): Marks {
  return isTerminal ? FOR_PEOPLE : PLAIN;
}

/** The first step that failed is the cause: the chain is in that order. */
export function printChain(steps: readonly Step[], isTerminal: boolean): Printed {
  const marks = marksFor(isTerminal);
  const lines = steps.map(({ state, what, message }) => `${marks[state]} ${oneLine(`${what}: ${message}`)}`);
  const cause = steps.find((step) => step.state === 'fail');
  const verdict =
    cause === undefined
      ? wellDone(steps)
      : [oneLine(`cause: ${cause.what}: ${cause.message}`), `remedy: ${oneLine(cause.remedy)}`];
  return { output: `${[...lines, '', ...verdict].join('\n')}\n`, code: cause === undefined ? 0 : 1 };
}

function wellDone(steps: readonly Step[]): readonly string[] {
  const unseen = steps.filter(({ state }) => state === 'unknown').length;
  const but = unseen === 0 ? '' : `, but ${unseen} of ${steps.length} steps could not be looked at`;
  return [`Nothing wrong found${but}. The backend itself was not asked.`];
}

/** Messages come from objects that anybody may have written: none makes up a line or moves the cursor. */
export function oneLine(text: string): string {
  return text.replaceAll(/[\s\p{C}]+/gu, ' ');
}
