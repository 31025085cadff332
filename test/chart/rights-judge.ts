/**
 * Are the chart's rights enough, and not more? Judged by the API server's audit log of a whole `npm run test:e2e`:
 *
 * - each right must have been the only one that allowed some request: take it away and that request is refused;
 * - nobody may have been refused what no rule of the chart allows.
 *
 * So whoever takes a right away, or gives one too many, turns the run red. A refusal of what the chart does allow is not its
 * fault: a test had taken the right away, or an API server that just started had not read its roles yet.
 */
import type { AuditEvent } from '../real-parts/audit.ts';
import { covers, describe, questionOf, type Question, type Right } from './rights.ts';

const TEMPLATES = 'charts/external-secrets/templates';

/**
 * Who writes an owner reference that blocks deletion must be allowed to change the owner's finalizers. The admission plugin
 * OwnerReferencesPermissionEnforcement asks for that; its question is in no log, only its refusal. By what was written: whose.
 */
const OWNERS: Readonly<Record<string, string>> = {
  secrets: 'externalsecrets',
  externalsecrets: 'clusterexternalsecrets',
  pushsecrets: 'clusterpushsecrets',
};
const FINALIZERS = '/finalizers';

/** @returns what is wrong, each with its remedy; empty: nothing */
export function judgeRights(rights: readonly Right[], events: readonly AuditEvent[]): readonly string[] {
  const questions = questionsIn(rights, events);
  return [...missingRights(rights, questions), ...unneededRights(rights, questions)];
}

/** The half that also some test files by themselves can show: refusals of what the chart does not allow. */
export function judgeRefusals(rights: readonly Right[], events: readonly AuditEvent[]): readonly string[] {
  return missingRights(rights, questionsIn(rights, events));
}

function questionsIn(rights: readonly Right[], events: readonly AuditEvent[]): readonly Question[] {
  const users = new Set(rights.map(({ user }) => user));
  const ours = events.filter(({ user }) => users.has(user.username));
  return unique([...ours.map(questionOf), ...ours.flatMap(finalizersOf)]);
}

function missingRights(rights: readonly Right[], questions: readonly Question[]): readonly string[] {
  const allowed = new Set(questions.filter(({ isAllowed }) => isAllowed).map(asked));
  const refused = questions.filter(({ isAllowed }) => !isAllowed);
  const missing = refused.filter((question) => !isGiven(rights, question) && !allowed.has(asked(question)));
  return missing.map((question) => {
    const where = question.namespace === undefined ? '' : ` in namespace ${question.namespace}`;
    return `refused: ${describe(question)}${where}; no rule of the chart allows it: add one to ${TEMPLATES}, or do not ask`;
  });
}

function unneededRights(rights: readonly Right[], questions: readonly Question[]): readonly string[] {
  const needed = new Set<Right>();
  const rivals = new Map<Right, Right>();
  for (const question of questions) {
    if (!question.isAllowed && !question.resource.endsWith(FINALIZERS)) continue;
    const [first, ...more] = rights.filter((right) => covers(right, question));
    if (first === undefined) continue;
    if (more.length === 0 && isBy(first, question)) needed.add(first);
    for (const other of more) rivals.set(other, first).set(first, other);
  }
  return rights
    .filter((right) => !needed.has(right))
    .map((right) => {
      const rival = rivals.get(right);
      const why =
        rival === undefined
          ? `no request of the run needed it: take it out of ${TEMPLATES}, or write the integration test of what needs it`
          : `what it allowed ${rival.role} allows too: keep one of the two`;
      return `not needed: ${describe(right)} by ${right.role}; ${why}`;
    });
}

/** Did the API server allow the request because of the right's own role? It names one, even where more would do. */
function isBy({ role }: Right, { reason, isAllowed }: Question): boolean {
  const [kind, name] = role.split(' ');
  return !isAllowed || reason.includes(` of ${kind} "${name}" `);
}

/** Roles count in the namespace they are in. Tests put them into others too; what they allow there, they allow. */
function isGiven(rights: readonly Right[], question: Question): boolean {
  return rights.some(
    (right) => covers(right, question) && (right.namespace === undefined || right.namespace === question.namespace),
  );
}

function finalizersOf(event: AuditEvent): readonly Question[] {
  const { code, message = '' } = event.responseStatus ?? {};
  const question = questionOf(event);
  if (code !== 403 || !question.isAllowed || !message.includes('blockOwnerDeletion')) return [];
  const resource = `${OWNERS[question.resource] ?? 'externalsecrets'}${FINALIZERS}`;
  const owner = { group: 'external-secrets.io', resource, verb: 'update', name: undefined };
  return [{ ...question, ...owner, isAllowed: false, reason: message }];
}

function unique(questions: readonly Question[]): readonly Question[] {
  return [...new Map(questions.map((question) => [JSON.stringify(question), question])).values()];
}

function asked({ reason: _reason, isAllowed: _isAllowed, ...question }: Question): string {
  return JSON.stringify(question);
}
