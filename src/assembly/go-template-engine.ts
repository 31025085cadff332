/**
 * The template library of `src/template` under the operator's settings: delimiters from the flags, missing keys are errors, the clock is
 * ours, and the text of a template is shown in errors only when it stands in a manifest (D20).
 */
import type { Clock } from '../clock.ts';
import type { RenderKey } from '../controllers/external-secret/rewrite.ts';
import type { TemplateEngine } from '../controllers/external-secret/template-engine.ts';
import { parseKeysAndValues, TemplateRenderer } from '../template/index.ts';

export interface EngineOptions {
  readonly clock: Clock;
  /** `--template-left-delimiter` and `--template-right-delimiter`. */
  readonly delimiters: { readonly left: string; readonly right: string };
}

export function goTemplateEngine({ clock, delimiters }: EngineOptions): TemplateEngine {
  const renderer = new TemplateRenderer({ clock });
  return {
    render: (source, data, { name, fromManifest }) =>
      renderer.render(source, data, { name, delimiters, showSource: fromManifest }),
    parseKeysAndValues,
  };
}

/** Rewrites always use `{{ }}`, and print `<no value>` for a missing key (`behaviour.md` 1.6). */
export function renderKeyTemplate({ clock }: Pick<EngineOptions, 'clock'>): RenderKey {
  const renderer = new TemplateRenderer({ clock });
  return async (template, key) => {
    const data = new Map([['value', Buffer.from(key, 'utf8')]]);
    const rendered = await renderer.render(template, data, { name: 'transform', missingKey: 'default' });
    return Buffer.from(rendered).toString('utf8');
  };
}
