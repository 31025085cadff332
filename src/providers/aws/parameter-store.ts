/**
 * Sessions with Parameter Store, and reading it (`providers.md` 4.1): whole values, decrypted, ten to a call where that is permitted.
 */
import {
  GetParameterCommand,
  GetParametersCommand,
  ListTagsForResourceCommand,
  SSMClient,
  type Parameter,
} from '@aws-sdk/client-ssm';
import { SecretValue } from '../../secret-value.ts';
import { InvalidRefError, PermissionDeniedError, SecretNotFoundError } from '../errors.ts';
import { encodeBytesMap } from '../json/index.ts';
import type { FindQuery, ReadOutcome, ReadRef, SecretsClient, SessionContext } from '../provider.ts';
import { DeniedBatch } from './denied-batch.ts';
import type { KeySource } from './keys.ts';
import { ParameterStoreApi } from './parameter-store-api.ts';
import { findParameters } from './parameter-store-find.ts';
import { ParameterStorePush } from './parameter-store-push.ts';
import { outcomeOf, readEach } from './read-each.ts';
import { awsCaller, sdkConfig, type AwsCaller } from './sdk.ts';
import { AwsSessionClient } from './session-client.ts';
import type { AwsSpec } from './spec.ts';

const BATCH_SIZE = 10;

export class ParameterStoreClient extends AwsSessionClient implements SecretsClient {
  readonly batchSize = BATCH_SIZE;
  readonly #sdk: SSMClient;
  readonly #caller: AwsCaller;
  readonly #prefix: string;
  readonly #deniedBatch: DeniedBatch;

  constructor(context: SessionContext<AwsSpec>, keys: KeySource) {
    const { spec, environment, retry, observe, clock } = context;
    const { region } = spec;
    const sdk = new SSMClient(sdkConfig({ region, environment, endpointVariable: 'AWS_SSM_ENDPOINT', keys, retry }));
    const caller = awsCaller({ label: 'AWS/ParameterStore', service: 'ssm', region, observe, keys });
    const { prefix = '' } = spec;
    super(keys, new ParameterStorePush(new ParameterStoreApi(sdk, caller), prefix));
    this.#sdk = sdk;
    this.#caller = caller;
    this.#prefix = prefix;
    this.#deniedBatch = new DeniedBatch(clock);
  }

  async read(refs: readonly ReadRef[], signal: AbortSignal): Promise<readonly ReadOutcome[]> {
    const values = refs.filter(({ metadataPolicy }) => metadataPolicy !== 'Fetch');
    const tags = refs.filter(({ metadataPolicy }) => metadataPolicy === 'Fetch');
    const [readValues, readTags] = await Promise.all([
      this.#readNames(
        values.map((ref) => this.#nameOf(ref)),
        signal,
      ),
      readEach(tags, (ref) => this.#getTags(this.#prefix + ref.key, signal)),
    ]);
    return refs.map((ref) => readValues[values.indexOf(ref)] ?? readTags[tags.indexOf(ref)]!);
  }

  async find(query: FindQuery, signal: AbortSignal): Promise<ReadonlyMap<string, SecretValue>> {
    const read = (names: readonly string[]): Promise<readonly ReadOutcome[]> => this.#readNames(names, signal);
    return findParameters({ sdk: this.#sdk, caller: this.#caller, read, batchSize: BATCH_SIZE }, query, signal);
  }

  /** A version is a number or a label, written behind the name. */
  #nameOf({ key, version }: ReadRef): string {
    return this.#prefix + key + (version === undefined || version === '' ? '' : `:${version}`);
  }

  /**
   * One GetParameters also for a single name: a policy may grant either action, and a policy that grants only
   * GetParameter is remembered. A denial may also concern one name of many, so the names are then tried alone.
   */
  async #readNames(names: readonly string[], signal: AbortSignal): Promise<readonly ReadOutcome[]> {
    if (names.length === 0) return [];
    const together = firstOfEach(names);
    if (together.length === names.length) return this.#readDistinct(names, signal);
    const [batched, alone] = await Promise.all([
      this.#readDistinct(together, signal),
      readEach(
        names.filter((name) => !together.includes(name)),
        (name) => this.#getValue(name, signal),
      ),
    ]);
    return names.map((name) => batched[together.indexOf(name)] ?? alone.shift()!);
  }

  async #readDistinct(names: readonly string[], signal: AbortSignal): Promise<readonly ReadOutcome[]> {
    const one = (name: string): Promise<SecretValue> => this.#getValue(name, signal);
    if (this.#deniedBatch.remembered) return readEach(names, one);
    try {
      return await this.#batch(names, signal);
    } catch (error) {
      const denied = error instanceof PermissionDeniedError;
      if (!denied && !(error instanceof InvalidRefError)) throw error;
      const outcomes = await readEach(names, one);
      if (denied && outcomes.every(({ ok }) => ok)) this.#deniedBatch.remember();
      return outcomes;
    }
  }

  async #batch(names: readonly string[], signal: AbortSignal): Promise<readonly ReadOutcome[]> {
    const command = new GetParametersCommand({ Names: [...new Set(names)], WithDecryption: true });
    const send = (abortSignal: AbortSignal) => this.#sdk.send(command, { abortSignal });
    const key = names.length === 1 ? names[0] : undefined;
    const { Parameters = [], InvalidParameters = [] } = await this.#caller.call('GetParameters', send, signal, key);
    return Promise.all(names.map((name) => this.#outcomeFor(name, Parameters, InvalidParameters, signal)));
  }

  async #outcomeFor(
    name: string,
    parameters: readonly Parameter[],
    invalid: readonly string[],
    signal: AbortSignal,
  ): Promise<ReadOutcome> {
    const found = parameters.find((parameter) => isNamed(parameter, name));
    if (found !== undefined) return outcomeOf(async () => valueOf(found, name));
    if (!invalid.includes(name)) return outcomeOf(() => this.#getValue(name, signal));
    const error = new SecretNotFoundError(`key "${name}" does not exist (region ${this.#caller.region})`, {
      code: 'ParameterNotFound',
    });
    return { ok: false, error };
  }

  async #getValue(name: string, signal: AbortSignal): Promise<SecretValue> {
    const command = new GetParameterCommand({ Name: name, WithDecryption: true });
    const send = (abortSignal: AbortSignal) => this.#sdk.send(command, { abortSignal });
    const { Parameter } = await this.#caller.call('GetParameter', send, signal, name);
    return valueOf(Parameter, name);
  }

  async #getTags(name: string, signal: AbortSignal): Promise<SecretValue> {
    const command = new ListTagsForResourceCommand({ ResourceType: 'Parameter', ResourceId: name });
    const send = (abortSignal: AbortSignal) => this.#sdk.send(command, { abortSignal });
    const { TagList = [] } = await this.#caller.call('ListTagsForResource', send, signal, name);
    const tags = TagList.map(({ Key = '', Value = '' }) => [Key, Buffer.from(Value)] as const);
    return SecretValue.ofText(encodeBytesMap(new Map(tags)));
  }
}

/** Two versions of one parameter do not go into one call: not every answer says which version it is. */
function firstOfEach(names: readonly string[]): readonly string[] {
  const seen = new Set<string>();
  return names.filter((name) => {
    const bare = name.startsWith('arn:') ? name : name.replace(/:.*$/, '');
    return !seen.has(bare) && seen.add(bare);
  });
}

function isNamed({ Name, ARN, Selector = '' }: Parameter, wanted: string): boolean {
  return `${Name}${Selector}` === wanted || `${ARN}${Selector}` === wanted;
}

function valueOf(parameter: Parameter | undefined, name: string): SecretValue {
  if (parameter?.Value === undefined) throw new InvalidRefError(`key "${name}" holds no value`);
  return SecretValue.ofText(parameter.Value);
}
