/** The Secret that an ExternalSecret writes: is it there, whose is it, and could it be written? Nothing of its data is kept. */
import { secrets } from '../../api/resources.ts';
import { refuseForeignOwner } from '../../controllers/external-secret/build-target.ts';
import type { StoredExternalSecret } from '../../controllers/external-secret/deps.ts';
import { targetNameOf } from '../../controllers/external-secret/gather.ts';
import { hashData } from '../../controllers/external-secret/hash.ts';
import { Problem } from '../../controllers/external-secret/problem.ts';
import { readyCondition } from '../../controllers/external-secret/records.ts';
import { decodedData, type SecretObject } from '../../controllers/external-secret/secret-object.ts';
import { viewTarget, type TargetView } from '../../controllers/external-secret/target-view.ts';
import type { KubeClient } from '../../kube/client.ts';
import type { ObjectMeta, Stored } from '../../kube/types.ts';
import { look, seenAs, type Seen } from './look.ts';
import { fail, ok, unknown, type Step } from './step.ts';

export interface TargetSeen {
  readonly metadata: ObjectMeta;
  readonly view: TargetView;
  readonly type: string;
  readonly immutable: boolean;
  readonly keys: number;
  /** Its data has the hash that its annotation tells. */
  readonly isAsWritten: boolean;
}

export async function readTarget(client: KubeClient, es: StoredExternalSecret): Promise<Seen<TargetSeen>> {
  const { namespace } = es.metadata;
  return seenAs(await look<SecretObject>(client, secrets, { namespace, name: targetNameOf(es) }), viewOf);
}

export function viewOf(secret: Stored<SecretObject>): TargetSeen {
  const view = viewTarget(secret);
  const data = decodedData(secret);
  return {
    metadata: secret.metadata,
    view,
    type: secret.type ?? 'Opaque',
    immutable: secret.immutable === true,
    keys: data.size,
    isAsWritten: view.dataHash === hashData(data),
  };
}

export function targetStep(es: StoredExternalSecret, seen: Seen<TargetSeen>): Step {
  const { namespace } = es.metadata;
  const manifest = es.spec?.target.manifest;
  const what = `target: Secret ${namespace}/${targetNameOf(es)}`;
  if (manifest !== undefined)
    return unknown(`target: ${manifest.kind} ${namespace}/${targetNameOf(es)}`, 'only Secrets are looked at');
  if (es.spec?.target.creationPolicy === 'None') return ok(what, 'none is written, as creationPolicy None says');
  if (seen.state === 'denied')
    return unknown(what, `not looked at, your kubeconfig may not read Secrets in namespace "${namespace}"`);
  if (seen.state === 'missing') return missing(es, what);
  return foreign(es, what, seen.object) ?? typeConflict(es, what, seen.object) ?? own(what, seen.object);
}

/** While nothing was synced it is no fault of its own. */
function missing(es: StoredExternalSecret, what: string): Step {
  const ready = readyCondition(es);
  if (es.spec?.target.creationPolicy === 'Merge')
    return fail(
      what,
      'not found, and creationPolicy Merge does not make it',
      'create it, or set spec.target.creationPolicy to CreateOrMerge',
    );
  if (ready?.status !== 'True') return ok(what, 'not there yet');
  if (ready.reason === 'SecretDeleted')
    return fail(
      what,
      'was deleted because the backend no longer has the values (deletionPolicy Delete)',
      'put the values back at the backend, or delete the ExternalSecret',
    );
  return fail(
    what,
    'not found, although the last sync succeeded',
    'the operator makes it anew within seconds; if it stays, see whether an operator runs',
  );
}

/** In the words of the reconciler. */
function foreign(es: StoredExternalSecret, what: string, { metadata }: TargetSeen): Step | undefined {
  const { namespace = '', name, uid } = es.metadata;
  const creationPolicy = es.spec?.target.creationPolicy ?? 'Owner';
  try {
    refuseForeignOwner({ namespace, name, uid, creationPolicy }, metadata);
    return undefined;
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    return fail(what, error.conditionMessage, 'choose another spec.target.name, or remove one of the two owners');
  }
}

function typeConflict(es: StoredExternalSecret, what: string, { type }: TargetSeen): Step | undefined {
  const wanted = es.spec?.target.template?.type;
  if (wanted === undefined || wanted === '' || wanted === type) return undefined;
  return fail(
    what,
    `is of type ${type}, spec.target.template.type asks for ${wanted}, and the type of a Secret cannot be changed`,
    'delete the Secret to have it made anew, or correct the type',
  );
}

function own(what: string, { view, immutable, keys, isAsWritten }: TargetSeen): Step {
  if (view.dataHash !== undefined && !isAsWritten)
    return fail(
      what,
      'its data is not what the operator wrote',
      'the operator puts it right within seconds; if it stays, see whether an operator runs',
    );
  const facts = [
    `${keys} ${keys === 1 ? 'key' : 'keys'}`,
    view.controller === undefined ? 'owned by nobody' : `owned by ${view.controller.kind} "${view.controller.name}"`,
    view.dataHash === undefined ? 'not written by an operator' : 'as the operator wrote it',
    ...(immutable ? ['immutable: its data never changes'] : []),
  ];
  return ok(what, facts.join(', '));
}
