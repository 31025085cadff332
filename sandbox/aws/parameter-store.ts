/**
 * Parameter Store: parameters with versions, labels and tags. One instance per region.
 */
import type { Clock } from '../../src/clock.ts';
import type { Permit } from './secrets-manager.ts';
import { AwsFault, list, page, tagList, tagsOf, text, type Json } from './wire.ts';

export interface Version {
  readonly number: number;
  readonly value: string;
  readonly type: string;
  readonly labels: Set<string>;
  readonly changedAt: number;
}

export interface Parameter {
  readonly name: string;
  readonly arn: string;
  description: string | undefined;
  readonly tags: Map<string, string>;
  readonly versions: Version[];
}

const NAME = /^[a-zA-Z0-9_.\-/]+$/;
const LARGEST = 4_096;
const LARGEST_ADVANCED = 8_192;

export class ParameterStore {
  readonly #clock: Clock;
  readonly #region: string;
  readonly #account: string;
  readonly #parameters = new Map<string, Parameter>();

  constructor(clock: Clock, region: string, account: string) {
    this.#clock = clock;
    this.#region = region;
    this.#account = account;
  }

  call(action: string, input: Json, permit: Permit): Json {
    switch (action) {
      case 'GetParameter':
        return { Parameter: this.#get(action, text(input, 'Name') ?? '', input, permit) };
      case 'GetParameters':
        return this.#getMany(input, permit);
      case 'GetParametersByPath':
        return this.#byPath(input, permit);
      case 'DescribeParameters':
        permit(action, '*');
        return this.#describe(input);
      case 'PutParameter':
        this.#permitPut(input, permit);
        return this.#put(input);
      default:
        return this.#change(action, input, permit);
    }
  }

  /** The tests' own way: creates it or writes a new version. */
  put(name: string, value: string, type: string): void {
    const parameter = this.#parameters.get(name) ?? this.#add(name);
    this.#addVersion(parameter, value, type);
  }

  label(name: string, label: string): void {
    const parameter = this.#parameters.get(name);
    for (const version of parameter?.versions ?? []) version.labels.delete(label);
    parameter?.versions.at(-1)?.labels.add(label);
  }

  remove(name: string): void {
    this.#parameters.delete(name);
  }

  /** The parameter itself, for tests that look behind the API. */
  peek(name: string): Parameter | undefined {
    return this.#parameters.get(name);
  }

  #change(action: string, input: Json, permit: Permit): Json {
    switch (action) {
      case 'DeleteParameter': {
        const name = text(input, 'Name') ?? '';
        permit(action, this.#arn(name), this.#parameters.get(name)?.tags);
        this.#parameters.delete(this.#existing(name).name);
        return {};
      }
      case 'LabelParameterVersion':
        permit(action, this.#existing(text(input, 'Name') ?? '').arn);
        for (const label of list(input, 'Labels')) this.label(text(input, 'Name') ?? '', String(label));
        return { InvalidLabels: [] };
      case 'ListTagsForResource':
        return { TagList: tagList(this.#tagged(action, input, permit).tags) };
      case 'AddTagsToResource':
        this.#addTags(this.#tagged(action, input, permit), input);
        return {};
      case 'RemoveTagsFromResource':
        this.#removeTags(this.#tagged(action, input, permit), input);
        return {};
      default:
        throw new AwsFault('UnknownOperationException', `the sandbox does not know ssm:${action}`, 501);
    }
  }

  #addTags({ tags }: Parameter, input: Json): void {
    for (const [key, value] of tagsOf(input, 'Tags')) tags.set(key, value);
  }

  #removeTags({ tags }: Parameter, input: Json): void {
    for (const key of list(input, 'TagKeys')) tags.delete(String(key));
  }

  #get(action: string, selector: string, input: Json, permit: Permit): Json {
    const { name, version } = splitSelector(selector);
    permit(action, this.#arn(name), this.#parameters.get(name)?.tags);
    const parameter = this.#existing(name);
    const found = pick(parameter, version);
    if (found === undefined) {
      throw new AwsFault(
        'ParameterVersionNotFound',
        `Systems Manager could not find version ${version} of ${name}. Verify the version and try again.`,
      );
    }
    return { ...wire(parameter, found, input), ...(version === undefined ? {} : { Selector: `:${version}` }) };
  }

  #getMany(input: Json, permit: Permit): Json {
    const names = list(input, 'Names').map(String);
    if (names.length > 10) {
      throw new AwsFault(
        'ValidationException',
        `1 validation error detected: Value '[${names.join(', ')}]' at 'names' failed to satisfy constraint: Member must have length less than or equal to 10`,
      );
    }
    for (const name of names) permit('GetParameters', this.#arn(splitSelector(name).name));
    const Parameters: Json[] = [];
    const InvalidParameters: string[] = [];
    for (const name of names) {
      try {
        Parameters.push(this.#get('GetParameters', name, input, permit));
      } catch (error) {
        if (!(error instanceof AwsFault) || !/^Parameter(Version)?NotFound$/.test(error.code)) throw error;
        InvalidParameters.push(name);
      }
    }
    return { Parameters, InvalidParameters };
  }

  #byPath(input: Json, permit: Permit): Json {
    const path = text(input, 'Path') ?? '/';
    permit('GetParametersByPath', this.#arn(path));
    const { items, NextToken } = page(this.#under(path, input['Recursive'] === true), input, 10);
    const Parameters = items.map((parameter) => wire(parameter, parameter.versions.at(-1)!, input));
    return { Parameters, ...(NextToken === undefined ? {} : { NextToken }) };
  }

  #describe(input: Json): Json {
    const filters = list(input, 'ParameterFilters') as readonly {
      readonly Key: string;
      readonly Option?: string;
      readonly Values?: readonly string[];
    }[];
    const matching = [...this.#parameters.values()].filter((parameter) =>
      filters.every(({ Key, Option, Values = [] }) => {
        if (Key === 'Path') return Values.some((path) => this.#under(path, Option === 'Recursive').includes(parameter));
        const tag = parameter.tags.get(Key.replace(/^tag:/, ''));
        return tag !== undefined && (Values.length === 0 || Values.includes(tag));
      }),
    );
    const { items, NextToken } = page(matching, input, 50);
    const Parameters = items.map((parameter) => {
      const { Value: _value, ...rest } = wire(parameter, parameter.versions.at(-1)!, input);
      return { ...rest, ...(parameter.description === undefined ? {} : { Description: parameter.description }) };
    });
    return { Parameters, ...(NextToken === undefined ? {} : { NextToken }) };
  }

  #under(path: string, recursive: boolean): readonly Parameter[] {
    const root = path.endsWith('/') ? path : `${path}/`;
    return [...this.#parameters.values()].filter(({ name }) => {
      const full = name.startsWith('/') ? name : `/${name}`;
      return full.startsWith(root) && (recursive || !full.slice(root.length).includes('/'));
    });
  }

  /** Tags of a new parameter are a right of their own. */
  #permitPut(input: Json, permit: Permit): void {
    const name = text(input, 'Name') ?? '';
    const tags = this.#parameters.get(name)?.tags;
    permit('PutParameter', this.#arn(name), tags);
    if (list(input, 'Tags').length > 0) permit('AddTagsToResource', this.#arn(name), tags);
  }

  #put(input: Json): Json {
    const name = text(input, 'Name') ?? '';
    const value = text(input, 'Value') ?? '';
    if (!NAME.test(name)) throw invalidName(name);
    if (value === '') {
      throw new AwsFault(
        'ValidationException',
        "1 validation error detected: Value '' at 'value' failed to satisfy constraint: Member must have length greater than or equal to 1.",
      );
    }
    if (Buffer.byteLength(value) > LARGEST && text(input, 'Tier') !== 'Advanced') {
      throw new AwsFault(
        'ValidationException',
        'Standard tier parameters support a maximum parameter value of 4096 characters. To create a larger parameter value, upgrade the parameter to use the advanced-parameter tier.',
      );
    }
    if (Buffer.byteLength(value) > LARGEST_ADVANCED) {
      throw new AwsFault(
        'ValidationException',
        'Advanced tier parameters support a maximum parameter value of 8192 characters.',
      );
    }
    const existing = this.#parameters.get(name);
    if (existing !== undefined && input['Overwrite'] !== true) {
      throw new AwsFault(
        'ParameterAlreadyExists',
        'The parameter already exists. To overwrite this value, set the overwrite option in the request to true.',
      );
    }
    if (input['Overwrite'] === true && list(input, 'Tags').length > 0) {
      throw new AwsFault('ValidationException', 'Invalid request: tags and overwrite can’t be used together.');
    }
    const parameter = existing ?? this.#add(name);
    parameter.description = text(input, 'Description') ?? parameter.description;
    for (const [key, tag] of tagsOf(input, 'Tags')) parameter.tags.set(key, tag);
    const type = text(input, 'Type') ?? existing?.versions.at(-1)?.type ?? 'String';
    return { Version: this.#addVersion(parameter, value, type), Tier: text(input, 'Tier') ?? 'Standard' };
  }

  #add(name: string): Parameter {
    const parameter = {
      name,
      arn: this.#arn(name),
      description: undefined,
      tags: new Map<string, string>(),
      versions: [],
    };
    this.#parameters.set(name, parameter);
    return parameter;
  }

  #addVersion(parameter: Parameter, value: string, type: string): number {
    const number = (parameter.versions.at(-1)?.number ?? 0) + 1;
    parameter.versions.push({ number, value, type, labels: new Set(), changedAt: this.#clock.now() });
    return number;
  }

  #existing(selector: string): Parameter {
    const name = selector.startsWith('arn:') ? nameOfArn(selector) : selector;
    if (!NAME.test(name)) throw invalidName(name);
    const parameter = this.#parameters.get(name) ?? this.#parameters.get(name.replace(/^\//, ''));
    if (parameter === undefined) throw new AwsFault('ParameterNotFound', '');
    return parameter;
  }

  #tagged(action: string, input: Json, permit: Permit): Parameter {
    const name = text(input, 'ResourceId') ?? '';
    permit(action, this.#arn(name), this.#parameters.get(name)?.tags);
    const parameter = this.#parameters.get(name);
    if (parameter !== undefined) return parameter;
    throw new AwsFault(
      'InvalidResourceId',
      'The resource ID is not valid. Verify that you entered the correct ID and try again.',
    );
  }

  #arn(name: string): string {
    if (name.startsWith('arn:')) return name;
    return `arn:aws:ssm:${this.#region}:${this.#account}:parameter/${name.replace(/^\//, '')}`;
  }
}

function invalidName(name: string): AwsFault {
  return new AwsFault(
    'ValidationException',
    `Parameter name: ${name} can't contain characters other than a-z, A-Z, 0-9, ., -, _ and /`,
  );
}

/** `name:3` or `name:label`; the colons of an ARN are none. */
function splitSelector(selector: string): { name: string; version: string | undefined } {
  const found = /^(arn:(?:[^:]*:){4}[^:]+|[^:]*)(?::(.*))?$/.exec(selector);
  return { name: found?.[1] ?? selector, version: found?.[2] };
}

function nameOfArn(arn: string): string {
  return arn.slice(arn.indexOf(':parameter/') + ':parameter'.length);
}

function pick(parameter: Parameter, version: string | undefined): Version | undefined {
  if (version === undefined) return parameter.versions.at(-1);
  return parameter.versions.find(({ number, labels }) => String(number) === version || labels.has(version));
}

function wire(parameter: Parameter, version: Version, input: Json): Json {
  const plain = version.type !== 'SecureString' || input['WithDecryption'] === true;
  return {
    Name: parameter.name,
    ARN: parameter.arn,
    Type: version.type,
    Value: plain ? version.value : `kms:${Buffer.from(version.value).toString('base64')}`,
    Version: version.number,
    DataType: 'text',
    LastModifiedDate: version.changedAt / 1000,
  };
}
