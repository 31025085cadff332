/**
 * Renders the template of an ExternalSecret or PushSecret (`behaviour.md` 1.7, 3.5): sources in their order, then single keys, then
 * labels and annotations. Says nothing about what becomes of the result.
 */
import type { Template, TemplateFrom } from '../api/external-secret-template.ts';
import { SecretValue } from '../secret-value.ts';
import { decode } from './external-secret/decode.ts';
import { checkLabelValues } from './external-secret/rendered-labels.ts';
import type { TemplateEngine } from './external-secret/template-engine.ts';

/** Reads a template out of a ConfigMap or Secret of the object's own namespace. @throws Error naming what is missing. */
export type ReadTemplate = (kind: 'ConfigMap' | 'Secret', name: string, key: string) => Promise<SecretValue>;

export interface RenderingInput {
  readonly template: Template;
  /** What the templates may ask for. */
  readonly inputs: ReadonlyMap<string, Uint8Array>;
  /** Data that stays where no template writes the same key. */
  readonly kept: ReadonlyMap<string, Uint8Array>;
  readonly engine: TemplateEngine;
  readonly readTemplate: ReadTemplate;
}

export interface RenderedTemplate {
  readonly data: ReadonlyMap<string, Uint8Array>;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

/** @throws Error naming the template, e.g. `template.data["key"]: …`, and never a value. */
export function renderTemplate(input: RenderingInput): Promise<RenderedTemplate> {
  return new Rendering(input).run();
}

type Destination = 'Data' | 'Labels' | 'Annotations';

/** One rendering of one template; later writes to a key win. */
class Rendering {
  readonly #input: RenderingInput;
  readonly #template: Template;
  readonly #inputs: ReadonlyMap<string, Uint8Array>;
  readonly #data: Map<string, Uint8Array>;
  readonly #labels: Record<string, string>;
  readonly #annotations: Record<string, string>;

  constructor(input: RenderingInput) {
    const { template, inputs, kept } = input;
    this.#input = input;
    this.#template = template;
    this.#inputs = inputs;
    this.#data = new Map(kept);
    this.#labels = { ...template.metadata?.labels };
    this.#annotations = { ...template.metadata?.annotations };
  }

  async run(): Promise<RenderedTemplate> {
    for (const [index, source] of (this.#template.templateFrom ?? []).entries()) {
      await this.#named(`templateFrom[${index}]`, () => this.#from(source, `templateFrom[${index}]`));
    }
    for (const [key, text] of Object.entries(this.#template.data ?? {})) {
      this.#data.set(key, await this.#render(text, key, `template.data["${key}"]`));
    }
    await this.#renderMetadata(this.#template.metadata?.labels, this.#labels, 'labels');
    await this.#renderMetadata(this.#template.metadata?.annotations, this.#annotations, 'annotations');
    await this.#named('template', async () => checkLabelValues(this.#labels));
    return { data: this.#data, labels: this.#labels, annotations: this.#annotations };
  }

  async #renderMetadata(
    templates: Readonly<Record<string, string>> | undefined,
    into: Record<string, string>,
    field: string,
  ): Promise<void> {
    for (const [key, text] of Object.entries(templates ?? {})) {
      into[key] = Buffer.from(await this.#render(text, key, `template.metadata.${field}["${key}"]`)).toString('utf8');
    }
  }

  async #from(source: TemplateFrom, label: string): Promise<void> {
    const destination = destinationOf(source.target);
    for (const kind of ['configMap', 'secret'] as const) {
      const { name, items } = source[kind] ?? { name: '', items: [] };
      for (const { key, templateAs } of items) {
        const text = await this.#input.readTemplate(kind === 'configMap' ? 'ConfigMap' : 'Secret', name, key);
        const rendered = await this.#input.engine.render(text.reveal(), this.#inputs, {
          name: label,
          fromManifest: false,
        });
        this.#place(
          destination,
          source,
          templateAs === 'Values' ? new Map([[key, rendered]]) : this.#keysAndValues(rendered),
        );
      }
    }
    if (source.literal === undefined) return;
    const rendered = await this.#input.engine.render(source.literal, this.#inputs, { name: label, fromManifest: true });
    this.#place(destination, source, this.#keysAndValues(rendered));
  }

  #keysAndValues(rendered: Uint8Array): ReadonlyMap<string, Uint8Array> {
    return this.#input.engine.parseKeysAndValues(rendered);
  }

  #place(destination: Destination, source: TemplateFrom, rendered: ReadonlyMap<string, Uint8Array>): void {
    for (const [key, bytes] of rendered) {
      const value = decode(key, SecretValue.ofBytes(bytes), source.valuesDecodingStrategy ?? 'None');
      if (destination === 'Data') this.#data.set(key, value.reveal());
      else (destination === 'Labels' ? this.#labels : this.#annotations)[key] = value.revealText();
    }
  }

  #render(text: string, name: string, label: string): Promise<Uint8Array> {
    return this.#named(label, () => this.#input.engine.render(text, this.#inputs, { name, fromManifest: true }));
  }

  async #named<T>(label: string, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      throw new Error(`${label}: ${error instanceof Error ? error.message : 'unknown error'}`, { cause: error });
    }
  }
}

function destinationOf(target: string): Destination {
  const known = { '': 'Data', data: 'Data', labels: 'Labels', annotations: 'Annotations' } as const;
  const destination = known[target.toLowerCase() as keyof typeof known];
  if (destination !== undefined) return destination;
  throw new Error(`target "${target}" is not one of Data, Labels, Annotations`);
}
