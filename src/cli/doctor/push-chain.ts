/** Why is this PushSecret not pushed? From it over what it pushes and the stores it pushes to, to what the operator said last. */
import type { PushSecret } from '../../api/push-secret.ts';
import { pushSecrets } from '../../api/resources.ts';
import type { Stored } from '../../kube/types.ts';
import { storeSteps, type Examination } from './chain.ts';
import { generatorSteps } from './generators.ts';
import { lastPassStep, lastWarning } from './last-pass.ts';
import { look } from './look.ts';
import { needSteps, readNeeds, type Need } from './needed-objects.ts';
import { deniedStep, missingStep } from './object.ts';
import { operatorStep, readOperator } from './operator.ts';
import { isPushOverdue } from './refresh.ts';
import { fail, ok, type Step } from './step.ts';
import { pushStoreRefs } from './survey.ts';

export async function examinePushSecret(exam: Examination, namespace: string, name: string): Promise<readonly Step[]> {
  const { client, now } = exam;
  const key = `${namespace}/${name}`;
  const seen = await look<PushSecret>(client, pushSecrets, { namespace, name });
  if (seen.state === 'missing') return [missingStep(pushSecrets.kind, key)];
  if (seen.state === 'denied') return [deniedStep(pushSecrets.kind, key)];
  const ps = seen.object;
  const needs = sourcesOf(ps);
  const generator = ps.spec?.selector.generatorRef;
  const [before, after] = await storeSteps(exam, pushStoreRefs(ps), namespace);
  return [
    ok(`PushSecret ${key}`, 'exists'),
    ...needSteps('source', needs, await readNeeds(client, needs)),
    ...(await generatorSteps(client, generator === undefined ? [] : [generator], namespace)),
    ...before,
    operatorStep(await readOperator(client, exam.leaseName), now),
    ...after,
    lastPassStep(ps, await lastWarning(client, ps), now),
    refreshStep(ps, now),
  ];
}

/** The Secret that is named. With a template, keys are made by it. */
function sourcesOf({ spec, metadata }: PushSecret): readonly Need[] {
  const name = spec?.selector.secret?.name;
  if (spec === undefined || name === undefined) return [];
  const source = { kind: 'Secret' as const, namespace: metadata.namespace ?? '', name };
  const keys = spec.template === undefined ? (spec.data ?? []).map(({ match }) => match.secretKey) : [];
  return [
    { ...source, field: 'spec.selector.secret.name', key: undefined },
    ...keys.flatMap((key, index) =>
      key === undefined || key === '' ? [] : [{ ...source, field: `spec.data[${index}].match.secretKey`, key }],
    ),
  ];
}

function refreshStep(ps: Stored<PushSecret>, now: number): Step {
  const each = `every ${ps.spec?.refreshInterval ?? ''}, last at ${ps.status?.refreshTime ?? 'no time yet'}`;
  if (!isPushOverdue(ps, now)) return ok('refresh', each);
  return fail('refresh', `overdue: ${each}`, 'see whether an operator runs and what its log says about this object');
}
