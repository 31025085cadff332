/**
 * The templates of a webhook: parsed once, rendered for each request. In the URL the values of the remote reference are
 * escaped, everywhere else they are inserted as they are.
 */
import { validateHeaderName, validateHeaderValue } from 'node:http';
import type { Clock } from '../../clock.ts';
import type { SecretValue } from '../../secret-value.ts';
import {
  parseTemplate,
  renderValueTemplate,
  TemplateError,
  type ParsedTemplate,
  type TemplateData,
} from '../../template/index.ts';
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

export interface Rendered {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
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

export class Templates {
  readonly #clock: Clock;
  readonly #secrets: ReadonlyMap<string, TemplateData>;
  readonly #url: ParsedTemplate;
  readonly #headers: readonly (readonly [name: string, value: ParsedTemplate])[];
  readonly #body: ParsedTemplate | undefined;
  readonly #jsonPath: ParsedTemplate | undefined;

  /** @throws InvalidProviderConfigError for a template that does not parse, or a header that cannot be one. */
  constructor(texts: TemplateTexts, secrets: SecretsData, clock: Clock) {
    this.#clock = clock;
    this.#secrets = revealed(secrets);
    this.#url = parse('url', texts.url);
    this.#headers = Object.entries(texts.headers ?? {})
      .filter(([name]) => !OWN_HEADERS.has(name.toLowerCase()))
      .map(([name, value]) => [headerName(name), parse(`headers.${name}`, value)]);
    this.#body = isBlank(texts.body) ? undefined : parse('body', texts.body);
    const jsonPath = texts.result?.jsonPath;
    this.#jsonPath = isBlank(jsonPath) ? undefined : parse('result.jsonPath', jsonPath);
  }

  /** For a read. @throws InvalidRefError when a template fails with the data of this reference. */
  render(ref: RemoteRefData): Rendered {
    return this.renderCall(new Map(Object.entries(ref)));
  }

  /** For any call: the members of `.remoteRef`. @throws InvalidRefError */
  renderCall(ref: ReadonlyMap<string, string | Uint8Array>): Rendered {
    const plain = this.#data(ref);
    const inUrl = [...ref].map(
      ([name, value]) => [name, name === 'namespace' ? value : escape(textOf(value))] as const,
    );
    const escaped = this.#data(new Map(inUrl));
    return {
      url: this.#text('url', this.#url, escaped).trim(),
      headers: Object.fromEntries(this.#headers.map(([name, value]) => [name, this.#header(name, value, plain)])),
      body: this.#body === undefined ? undefined : this.#bytes('body', this.#body, plain),
      jsonPath: this.#jsonPath === undefined ? '' : this.#text('result.jsonPath', this.#jsonPath, plain).trim(),
    };
  }

  #data(remoteRef: TemplateData): TemplateData {
    return new Map([...this.#secrets, ['remoteRef', remoteRef]]);
  }

  #header(name: string, template: ParsedTemplate, data: TemplateData): string {
    // A Secret made with `echo` ends with a line break, which no header can have.
    const value = this.#text(`headers.${name}`, template, data).trim();
    try {
      validateHeaderValue(name, value);
      return value;
    } catch {
      throw new InvalidRefError(`headers.${name}: the value has characters that a header cannot have`);
    }
  }

  #text(field: string, template: ParsedTemplate, data: TemplateData): string {
    return Buffer.from(this.#bytes(field, template, data)).toString('utf8');
  }

  #bytes(field: string, template: ParsedTemplate, data: TemplateData): Uint8Array {
    try {
      return renderValueTemplate(template, data, { missingKey: 'default', clock: this.#clock });
    } catch (error) {
      if (!(error instanceof TemplateError)) throw error;
      throw new InvalidRefError(`${field}: ${error.message}`, { cause: error });
    }
  }
}

function parse(field: string, text: string): ParsedTemplate {
  try {
    return parseTemplate(text, { name: field });
  } catch (error) {
    if (!(error instanceof TemplateError)) throw error;
    throw new InvalidProviderConfigError(`${field}: ${error.message}`, { cause: error });
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
