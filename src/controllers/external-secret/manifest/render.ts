/**
 * From fetched values to what shall stand in an object of a kind the user chose (`api.md` 3.8): places and values, in the order in
 * which they are written. Decides nothing about the cluster; `build.ts` puts them into an object.
 */
import type { ExternalSecret } from '../../../api/external-secret.ts';
import type { TemplateFrom } from '../../../api/external-secret-template.ts';
import { SecretValue } from '../../../secret-value.ts';
import { parseManifestYaml, YamlError, type YamlData } from '../../../template/index.ts';
import { decode } from '../decode.ts';
import type { Entries } from '../keys.ts';
import { renderProblem } from '../render-problem.ts';
import { checkLabelValues } from '../rendered-labels.ts';
import type { TemplateEngine } from '../template-engine.ts';
import type { ReadTemplate } from '../../template-rendering.ts';
import type { KindName } from './kind-discovery.ts';
import { define, parsePath, type Path } from './path.ts';

/** One value at one place. */
export interface Write {
  readonly path: Path;
  readonly value: YamlData;
  /** A map that is there already takes over the members instead of being replaced. */
  readonly merge: boolean;
}

/** What the ExternalSecret asks for, after fetching and rendering. */
export interface DesiredManifest {
  readonly kind: KindName;
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly writes: readonly Write[];
}

export interface ManifestInput {
  readonly es: ExternalSecret;
  readonly kind: KindName;
  readonly targetName: string;
  readonly data: Entries;
  readonly engine: TemplateEngine;
  readonly readTemplate: ReadTemplate;
}

/** @throws Problem with step `render`. */
export async function renderManifest(input: ManifestInput): Promise<DesiredManifest> {
  try {
    return await new ManifestRendering(input).run();
  } catch (error) {
    throw renderProblem(error);
  }
}

class ManifestRendering {
  readonly #input: ManifestInput;
  readonly #inputs: ReadonlyMap<string, Uint8Array>;
  readonly #labels: Record<string, string>;
  readonly #annotations: Record<string, string>;
  readonly #writes: Write[] = [];

  constructor(input: ManifestInput) {
    const { es, data } = input;
    const template = es.spec?.target.template;
    // Those of the template are taken as they are: in a manifest they are no templates.
    const metadata = template === undefined ? es.metadata : template.metadata;
    this.#input = input;
    this.#inputs = new Map([...data].map(([key, value]) => [key, value.reveal()]));
    this.#labels = { ...metadata?.labels };
    this.#annotations = { ...metadata?.annotations };
  }

  async run(): Promise<DesiredManifest> {
    const { kind, targetName, es } = this.#input;
    const template = es.spec?.target.template;
    if (template === undefined) this.#writeFetched();
    for (const [index, source] of (template?.templateFrom ?? []).entries()) {
      const label = `templateFrom[${index}]`;
      await named(label, () => this.#from(source, label));
    }
    for (const [key, text] of Object.entries(template?.data ?? {})) {
      await named(`template.data["${key}"]`, async () => {
        this.#writeText(['data'], key, await this.#render(text, key, true));
      });
    }
    await named('template', async () => checkLabelValues(this.#labels));
    return { kind, name: targetName, labels: this.#labels, annotations: this.#annotations, writes: this.#writes };
  }

  #writeFetched(): void {
    const holder: Path = this.#input.kind.kind === 'ConfigMap' ? ['data'] : ['spec', 'data'];
    for (const [key, bytes] of this.#inputs) this.#writeText(holder, key, bytes);
  }

  /** A literal goes first here, unlike in a Secret: the peer's order. */
  async #from(source: TemplateFrom, label: string): Promise<void> {
    const place = placeOf(source.target);
    if (source.literal !== undefined) {
      this.#keysAndValues(place, source, await this.#render(source.literal, label, true));
    }
    for (const kind of ['configMap', 'secret'] as const) {
      const { name, items } = source[kind] ?? { name: '', items: [] };
      for (const { key, templateAs } of items) {
        const text = await this.#input.readTemplate(kind === 'configMap' ? 'ConfigMap' : 'Secret', name, key);
        const rendered = await this.#render(text.reveal(), label, false);
        if (templateAs === 'Values') this.#value(place, source, key, rendered);
        else this.#keysAndValues(place, source, rendered);
      }
    }
  }

  /** One rendered text: a member of a well-known map, or all there is at a path. */
  #value(place: Place, source: TemplateFrom, key: string, rendered: Uint8Array): void {
    const bytes = decode(key, SecretValue.ofBytes(rendered), source.valuesDecodingStrategy ?? 'None').reveal();
    if (place.kind === 'path') this.#writes.push({ path: place.path, value: yamlOrText(bytes), merge: false });
    else this.#writeMember(place.kind, key, bytes);
  }

  /** Rendered YAML: texts for the well-known maps, any structure elsewhere. */
  #keysAndValues(place: Place, source: TemplateFrom, rendered: Uint8Array): void {
    if (place.kind === 'path' || place.kind === 'spec') {
      const path: Path = place.kind === 'path' ? place.path : ['spec'];
      this.#writes.push({ path, value: writable(parseManifestYaml(rendered)), merge: path.length > 1 });
      return;
    }
    for (const [key, bytes] of this.#input.engine.parseKeysAndValues(rendered)) this.#value(place, source, key, bytes);
  }

  #writeMember(kind: Member, key: string, bytes: Uint8Array): void {
    if (kind === 'data' || kind === 'spec') this.#writeText([kind], key, bytes);
    else define(kind === 'labels' ? this.#labels : this.#annotations, key, textOf(bytes, key));
  }

  #writeText(holder: Path, key: string, bytes: Uint8Array): void {
    this.#writes.push({ path: [...holder, key], value: textOf(bytes, key), merge: false });
  }

  #render(source: string | Uint8Array, name: string, fromManifest: boolean): Promise<Uint8Array> {
    return this.#input.engine.render(source, this.#inputs, { name, fromManifest });
  }
}

type Member = 'data' | 'labels' | 'annotations' | 'spec';
type Place = { readonly kind: Member } | { readonly kind: 'path'; readonly path: Path };

const MEMBERS: readonly string[] = ['data', 'labels', 'annotations', 'spec'] satisfies readonly Member[];
/** An object says by these what and where it is; a template decides about neither. */
const FIXED = ['apiVersion', 'kind'];
const WRITABLE_METADATA: readonly unknown[] = ['labels', 'annotations'];

function placeOf(target: string): Place {
  const member = target === '' ? 'data' : target.toLowerCase();
  if (MEMBERS.includes(member)) return { kind: member as Member };
  const path = parsePath(target);
  const isFixed = FIXED.includes(path[0]) || (path[0] === 'metadata' && !WRITABLE_METADATA.includes(path[1]));
  if (isFixed) {
    throw new Error(`target ${JSON.stringify(target)}: of the metadata only Labels and Annotations can be written`);
  }
  return { kind: 'path', path };
}

/** The text parsed as YAML where it is YAML, e.g. `42` as a number; else as it is. */
function yamlOrText(bytes: Uint8Array): YamlData {
  try {
    return writable(parseManifestYaml(bytes));
  } catch (error) {
    if (error instanceof YamlError) return textOf(bytes, '');
    throw error;
  }
}

/** @throws Error for what JSON numbers would not carry unharmed. */
function writable(value: YamlData): YamlData {
  if (typeof value === 'bigint') {
    throw new Error('an integer beyond 2^53 would lose digits on its way; quote it to make it a text');
  }
  if (typeof value === 'object' && value !== null) for (const member of Object.values(value)) writable(member);
  return value;
}

/** @throws Error when the bytes are no text: an object's fields, unlike a Secret's, hold nothing else. */
function textOf(bytes: Uint8Array, key: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    const which = key === '' ? 'what is rendered' : `the value of "${key}"`;
    throw new Error(`${which} is binary, and only a Secret can hold that; encode it with b64enc in a template`);
  }
}

async function named<T>(label: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw new Error(`${label}: ${error instanceof Error ? error.message : 'unknown error'}`, { cause: error });
  }
}
