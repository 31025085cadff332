/**
 * From fetched values to the wanted Secret: without a template they are taken as they are, with one they are its input
 * (`behaviour.md` 1.7). Decides nothing about the cluster and writes nothing.
 */
import type { ExternalSecret } from '../../api/external-secret.ts';
import type { Template, TemplateFrom } from '../../api/external-secret-template.ts';
import { SecretValue } from '../../secret-value.ts';
import type { DesiredSecret } from './build-target.ts';
import { decode } from './decode.ts';
import type { Entries } from './keys.ts';
import { Problem } from './problem.ts';
import { checkLabelValues } from './rendered-labels.ts';
import type { TemplateEngine } from './template-engine.ts';

/** Reads a template out of a ConfigMap or Secret of the ExternalSecret's namespace. @throws Error naming what is missing. */
export type ReadTemplate = (kind: 'ConfigMap' | 'Secret', name: string, key: string) => Promise<SecretValue>;

export interface RenderInput {
  readonly es: ExternalSecret;
  readonly targetName: string;
  readonly data: Entries;
  readonly engine: TemplateEngine;
  readonly readTemplate: ReadTemplate;
}

/** @throws Problem with step `render`. */
export async function renderTarget(input: RenderInput): Promise<DesiredSecret> {
  const { es, targetName } = input;
  const target = es.spec!.target;
  const base = { name: targetName, immutable: target.immutable ?? false };
  if (target.template === undefined) {
    const { labels = {}, annotations = {} } = es.metadata;
    return { ...base, data: revealed(input.data), labels, annotations, finalizers: [], type: undefined };
  }
  const rendered = await new Rendering(input, target.template).run();
  return {
    ...base,
    ...rendered,
    finalizers: target.template.metadata?.finalizers ?? [],
    type: orUndefined(target.template.type),
  };
}

type Destination = 'Data' | 'Labels' | 'Annotations';

/** One rendering of one template; later writes to a key win. */
class Rendering {
  readonly #input: RenderInput;
  readonly #template: Template;
  readonly #inputs: ReadonlyMap<string, Uint8Array>;
  readonly #data: Map<string, Uint8Array>;
  readonly #labels: Record<string, string>;
  readonly #annotations: Record<string, string>;

  constructor(input: RenderInput, template: Template) {
    this.#input = input;
    this.#template = template;
    this.#inputs = revealed(input.data);
    this.#data = keepsFetched(template) ? new Map(this.#inputs) : new Map();
    this.#labels = { ...template.metadata?.labels };
    this.#annotations = { ...template.metadata?.annotations };
  }

  async run(): Promise<Pick<DesiredSecret, 'data' | 'labels' | 'annotations'>> {
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
      throw new Problem('render', `${label}: ${error instanceof Error ? error.message : 'unknown error'}`, {
        cause: error,
      });
    }
  }
}

/** Fetched values pass through when asked for, and when the template says nothing about data (seed S1 relies on it). */
function keepsFetched(template: Template): boolean {
  return template.mergePolicy === 'Merge' || (template.data === undefined && template.templateFrom === undefined);
}

function destinationOf(target: string): Destination {
  const known = { '': 'Data', data: 'Data', labels: 'Labels', annotations: 'Annotations' } as const;
  const destination = known[target.toLowerCase() as keyof typeof known];
  if (destination !== undefined) return destination;
  throw new Error(`target "${target}" is not one of Data, Labels, Annotations`);
}

function revealed(entries: Entries): Map<string, Uint8Array> {
  return new Map([...entries].map(([key, value]) => [key, value.reveal()]));
}

function orUndefined(text: string | undefined): string | undefined {
  return text === '' ? undefined : text;
}
