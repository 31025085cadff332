/**
 * From fetched values to the wanted Secret: without a template they are taken as they are, with one they are its input
 * (`behaviour.md` 1.7). Decides nothing about the cluster and writes nothing.
 */
import type { ExternalSecret } from '../../api/external-secret.ts';
import type { Template } from '../../api/external-secret-template.ts';
import { renderTemplate, type ReadTemplate, type RenderedTemplate } from '../template-rendering.ts';
import type { DesiredSecret } from './build-target.ts';
import type { Entries } from './keys.ts';
import { renderProblem } from './render-problem.ts';
import type { TemplateEngine } from './template-engine.ts';

export type { ReadTemplate } from '../template-rendering.ts';

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
  const rendered = await render(input, target.template);
  return {
    ...base,
    ...rendered,
    finalizers: target.template.metadata?.finalizers ?? [],
    type: orUndefined(target.template.type),
  };
}

async function render({ data, engine, readTemplate }: RenderInput, template: Template): Promise<RenderedTemplate> {
  const inputs = revealed(data);
  try {
    return await renderTemplate({
      template,
      inputs,
      kept: keepsFetched(template) ? inputs : new Map(),
      engine,
      readTemplate,
    });
  } catch (error) {
    throw renderProblem(error);
  }
}

/** Fetched values pass through when asked for, and when the template says nothing about data (seed S1 relies on it). */
function keepsFetched(template: Template): boolean {
  return template.mergePolicy === 'Merge' || (template.data === undefined && template.templateFrom === undefined);
}

function revealed(entries: Entries): Map<string, Uint8Array> {
  return new Map([...entries].map(([key, value]) => [key, value.reveal()]));
}

function orUndefined(text: string | undefined): string | undefined {
  return text === '' ? undefined : text;
}
