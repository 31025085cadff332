/**
 * The templates of a webhook: checked once, rendered for each request, under the same limits as any template that a tenant
 * writes (D22). In the URL the values of the remote reference are escaped, everywhere else they are inserted as they are.
 */
import { validateHeaderName, validateHeaderValue } from 'node:http';
import type { Clock } from '../../clock.ts';
import type { SecretValue } from '../../secret-value.ts';
import { parseTemplate, TemplateError, TemplateRenderer, type TemplateData } from '../../template/index.ts';
import { InvalidProviderConfigError, InvalidRefError } from '../errors.ts';
import type { TemplateTexts } from './template-use.ts';

/** What a template knows of the read it is rendered for. Absent members are empty. */
export interface RemoteRefData {
  readonly key: string;
  readonly version: string;
  readonly property: string;
  readonly namespace: string;
}

/** `.<name>.<key>`. */
export type SecretsData = ReadonlyMap<string, ReadonlyMap<string, SecretValue>>;

/** Members of `.remoteRef`. */
export type RefMembers = ReadonlyMap<string, string | Uint8Array>;

export interface RenderedTarget {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
}

export interface Rendered extends RenderedTarget {
  readonly body: Uint8Array | undefined;
  /** Empty: the answer itself is the value. */
  readonly jsonPath: string;
}

/** Headers that describe the connection or the length of the body: they follow from the request. */
const OWN_HEADERS: ReadonlySet<string> = new Set([
  'connection',
  'content-length',
  'expect',
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

/**
 * One set of workers for all webhooks, however many SecretStores there are, and not the one that renders target Secrets: a
 * tenant's endless template keeps none of those waiting. Workers start when needed and end by themselves.
 */
const renderer = new TemplateRenderer();

interface Template {
  /** The field of the spec, for messages. */
  readonly field: string;
  readonly text: string;
}

export class Templates {
  readonly #clock: Clock;
  readonly #secrets: ReadonlyMap<string, TemplateData>;
  readonly #url: Template;
  readonly #headers: readonly (readonly [name: string, value: Template])[];
  readonly #body: Template | undefined;
  readonly #jsonPath: Template | undefined;

  /** @throws InvalidProviderConfigError for a template that does not parse, or a header that cannot be one. */
  constructor(texts: TemplateTexts, secrets: SecretsData, clock: Clock) {
    this.#clock = clock;
    this.#secrets = revealed(secrets);
    this.#url = checked('url', texts.url);
    this.#headers = Object.entries(texts.headers ?? {})
      .filter(([name]) => !OWN_HEADERS.has(name.toLowerCase()))
      .map(([name, value]) => [headerName(name), checked(`headers.${name}`, value)]);
    this.#body = isBlank(texts.body) ? undefined : checked('body', texts.body);
    const jsonPath = texts.result?.jsonPath;
    this.#jsonPath = isBlank(jsonPath) ? undefined : checked('result.jsonPath', jsonPath);
  }

  /** For a read. @throws InvalidRefError when a template fails with the data of this reference, or takes too long. */
  async render(ref: RemoteRefData, signal: AbortSignal): Promise<Rendered> {
    const members = new Map(Object.entries(ref));
    const path = this.#jsonPath;
    return {
      ...(await this.target(members, signal)),
      body: await this.body(members, signal),
      jsonPath: path === undefined ? '' : (await this.#text(path, this.#data(members), signal)).trim(),
    };
  }

  /** URL and headers of any call. `members`: those of `.remoteRef`. @throws InvalidRefError */
  async target(members: RefMembers, signal: AbortSignal): Promise<RenderedTarget> {
    const plain = this.#data(members);
    const inUrl = [...members].map(
      ([name, value]) => [name, name === 'namespace' ? value : escape(textOf(value))] as const,
    );
    const headers: Record<string, string> = {};
    for (const [name, template] of this.#headers)
      headers[name] = headerValue(template.field, await this.#text(template, plain, signal));
    return { url: (await this.#text(this.#url, this.#data(new Map(inUrl)), signal)).trim(), headers };
  }

  /** Undefined: the spec has none. @throws InvalidRefError */
  async body(members: RefMembers, signal: AbortSignal): Promise<Uint8Array | undefined> {
    return this.#body === undefined ? undefined : this.#bytes(this.#body, this.#data(members), signal);
  }

  #data(remoteRef: TemplateData): TemplateData {
    return new Map([...this.#secrets, ['remoteRef', remoteRef]]);
  }

  async #text(template: Template, data: TemplateData, signal: AbortSignal): Promise<string> {
    return Buffer.from(await this.#bytes(template, data, signal)).toString('utf8');
  }

  async #bytes({ field, text }: Template, data: TemplateData, signal: AbortSignal): Promise<Uint8Array> {
    const options = { name: field, missingKey: 'default', clock: this.#clock, signal } as const;
    try {
      return await renderer.renderValue(text, data, options);
    } catch (error) {
      if (!(error instanceof TemplateError)) throw error;
      throw new InvalidRefError(`${field}: ${error.message}`, { cause: error });
    }
  }
}

/** The template, when it parses. */
function checked(field: string, text: string): Template {
  try {
    parseTemplate(text, { name: field });
    return { field, text };
  } catch (error) {
    if (!(error instanceof TemplateError)) throw error;
    throw new InvalidProviderConfigError(`${field}: ${error.message}`, { cause: error });
  }
}

function headerValue(field: string, text: string): string {
  // A Secret made with `echo` ends with a line break, which no header can have.
  const value = text.trim();
  try {
    validateHeaderValue(field, value);
    return value;
  } catch {
    throw new InvalidRefError(`${field}: the value has characters that a header cannot have`);
  }
}

function headerName(name: string): string {
  try {
    validateHeaderName(name);
    return name.toLowerCase();
  } catch {
    throw new InvalidProviderConfigError(`headers: ${JSON.stringify(name)} cannot be the name of a header`);
  }
}

function revealed(secrets: SecretsData): ReadonlyMap<string, TemplateData> {
  return new Map(
    [...secrets].map(([name, data]) => [name, new Map([...data].map(([key, value]) => [key, value.reveal()]))]),
  );
}

/** As in the value of a query: everything but letters, digits, `-`, `_`, `.` and `~`; a blank becomes a plus. */
function escape(text: string): string {
  const odd = (char: string): string => `%${char.charCodeAt(0).toString(16).toUpperCase()}`;
  return encodeURIComponent(text.toWellFormed())
    .replaceAll(/[!'()*]/g, odd)
    .replaceAll('%20', '+');
}

function textOf(value: string | Uint8Array): string {
  return typeof value === 'string' ? value : Buffer.from(value).toString('utf8');
}

function isBlank(text: string | undefined): text is '' | undefined {
  return text === undefined || text === '';
}
