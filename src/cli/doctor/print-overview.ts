/** What `external-secrets doctor` prints of a whole cluster or namespace: a line per cause, however many objects it has. Pure. */
import type { Group, Grouped } from './groups.ts';
import { marksFor, oneLine, type Printed } from './print.ts';
import type { Step } from './step.ts';

const MOST_NAMED = 5;
const MOST_GROUPS = 30;

/** @param denied kinds that may not be listed */
export function printOverview(
  operator: Step,
  { groups, looked }: Grouped,
  denied: ReadonlySet<string>,
  isTerminal: boolean,
): Printed {
  const marks = marksFor(isTerminal);
  const code = groups.length > 0 || operator.state === 'fail' ? 1 : 0;
  const lines = [
    `${marks[operator.state]} ${oneLine(`${operator.what}: ${operator.message}`)}`,
    ...groups.slice(0, MOST_GROUPS).flatMap((group) => groupLines(group, marks.fail)),
    ...(groups.length > MOST_GROUPS ? [`${marks.fail} and ${groups.length - MOST_GROUPS} more causes`] : []),
    ...[...denied].map(
      (kind) => `${marks.unknown} ${kind}: your kubeconfig may not list them; a namespace is chosen with -n`,
    ),
    '',
    ...verdict(groups, looked, denied.size),
    ...(operator.state === 'fail' ? [`The operator comes first: ${operator.remedy}`] : []),
  ];
  return { output: `${lines.join('\n')}\n`, code };
}

function groupLines({ cause, isObject, objects }: Group, mark: string): readonly string[] {
  const count = isObject || objects.length === 1 ? '' : `${objects.length} objects: `;
  const waits = isObject && objects.length > 0 ? `${objects.length} wait for it: ` : '';
  const more = objects.length > MOST_NAMED ? ` and ${objects.length - MOST_NAMED} more` : '';
  const named = objects.length === 0 ? [] : [`    ${waits}${objects.slice(0, MOST_NAMED).join(', ')}${more}`];
  return [`${mark} ${oneLine(`${count}${cause}`)}`, ...named];
}

function verdict(groups: readonly Group[], looked: number, unlisted: number): readonly string[] {
  const sick = groups.reduce((sum, { isObject, objects }) => sum + objects.length + (isObject ? 1 : 0), 0);
  if (sick > 0) {
    return [
      `${sick} of ${looked} objects are not in order. About one: external-secrets doctor [--kind kind] namespace/name`,
    ];
  }
  const but = unlisted === 0 ? '' : `, but ${unlisted} ${unlisted === 1 ? 'kind' : 'kinds'} could not be listed`;
  return [looked === 0 ? `No object to look at${but}.` : `${looked} objects looked at, all in order${but}.`];
}
