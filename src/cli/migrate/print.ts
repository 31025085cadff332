/** What `external-secrets migrate` prints. */
import type { Finding } from './finding.ts';
import type { Rewritten } from './rewrite.ts';

export interface MigrateReport {
  readonly findings: readonly Finding[];
  readonly rewritten: readonly Rewritten[];
}

/** More are counted only; `-o json` has them all. */
const MOST_NAMED = 10;

export function asJson(report: MigrateReport): string {
  return `${JSON.stringify(report, undefined, 2)}\n`;
}

export function asText({ findings, rewritten }: MigrateReport): string {
  const lines = [...rewritten.flatMap(rewrittenLines), ...findings.flatMap(findingLines)];
  const wanted = findings.filter(({ level }) => level === 'finding').length;
  const verdict = wanted === 0 ? 'Nothing to do.' : `${wanted} ${wanted === 1 ? 'finding' : 'findings'}.`;
  return `${[...lines, verdict].join('\n')}\n`;
}

function rewrittenLines({ definition, objects, failed, dropped }: Rewritten): readonly string[] {
  const end =
    dropped.length === 0 ? 'stored versions unchanged' : `${dropped.join(', ')} taken off its stored versions`;
  return [
    `${definition}: ${objects - failed.length} of ${objects} objects rewritten; ${end}`,
    ...failed.map((reason) => `  could not be rewritten: ${reason}`),
  ];
}

function findingLines({ check, level, message, remedy, objects }: Finding): readonly string[] {
  const more = objects.length - MOST_NAMED;
  return [
    `${level === 'finding' ? '!' : '-'} ${check}: ${message}`,
    ...objects.slice(0, MOST_NAMED).map((name) => `    ${name}`),
    ...(more > 0 ? [`    and ${more} more`] : []),
    ...(remedy === undefined ? [] : [`  → ${remedy}`]),
  ];
}
