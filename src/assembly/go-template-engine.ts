/**
 * The template library of `src/template` under the operator's settings: delimiters from the flags, missing keys are errors, the clock is
 * ours, and the text of a template is shown in errors only when it stands in a manifest (D20).
 */
import type { Clock } from '../clock.ts';
import type { RenderKey } from '../controllers/external-secret/rewrite.ts';
import type { TemplateEngine } from '../controllers/external-secret/template-engine.ts';
import { parseKeysAndValues, renderTemplate } from '../template/index.ts';

export interface EngineOptions {
  readonly clock: Clock;
  /** `--template-left-delimiter` and `--template-right-delimiter`. */
  readonly delimiters: { readonly left: string; readonly right: string };
}

export function goTemplateEngine({ clock, delimiters }: EngineOptions): TemplateEngine {
  return {
    render: async (source, data, { name, fromManifest }) =>
      renderTemplate(source, data, { name, delimiters, clock, showSource: fromManifest }),
    parseKeysAndValues,
  };
}

/** Rewrites always use `{{ }}`, and print `<no value>` for a missing key (`behaviour.md` 1.6). */
export function renderKeyTemplate({ clock }: Pick<EngineOptions, 'clock'>): RenderKey {
  return async (template, key) => {
    const data = new Map([['value', Buffer.from(key, 'utf8')]]);
    const rendered = renderTemplate(template, data, { name: 'transform', clock, missingKey: 'default' });
    return Buffer.from(rendered).toString('utf8');
  };
}
