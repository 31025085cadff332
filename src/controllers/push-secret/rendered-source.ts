/**
 * `spec.template`: the source as it is after its template. What no template writes stays (`behaviour.md` 3.5).
 */
import { SecretValue } from '../../secret-value.ts';
import { messageOf } from '../failure.ts';
import { renderTemplate } from '../template-rendering.ts';
import type { Deps } from './deps.ts';
import type { Gathered } from './gather.ts';
import { PushProblem } from './problem.ts';
import type { Source } from './source.ts';

/** @throws PushProblem naming the template, and never a value. */
export async function renderSource(
  deps: Deps,
  { spec, dependent }: Gathered,
  source: Source,
  signal: AbortSignal,
): Promise<Source> {
  const { template } = spec;
  if (template === undefined) return source;
  const inputs = new Map([...source.data].map(([key, value]) => [key, value.reveal()]));
  try {
    const { data, labels, annotations } = await renderTemplate({
      template,
      inputs,
      kept: inputs,
      engine: deps.engine,
      readTemplate: (kind, name, key) => deps.readTemplate(dependent, kind, name, key, signal),
    });
    return {
      ...source,
      data: new Map([...data].map(([key, bytes]) => [key, SecretValue.ofBytes(bytes)])),
      type: template.type === undefined || template.type === '' ? 'Opaque' : template.type,
      labels: { ...source.labels, ...labels },
      annotations: { ...source.annotations, ...annotations },
    };
  } catch (error) {
    signal.throwIfAborted();
    throw new PushProblem(`could not apply template to Secret "${source.name}": ${messageOf(error)}`, { cause: error });
  }
}
