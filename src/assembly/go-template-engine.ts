/**
 * The template library of `src/template` under the operator's settings: delimiters from the flags, missing keys are errors, the clock is
 * ours, and the text of a template is shown in errors only when it stands in a manifest (D20). One renderer, and so one set of
 * workers, serves all.
 */
import type { Clock } from '../clock.ts';
import type { RenderKey } from '../controllers/external-secret/rewrite.ts';
import type { TemplateEngine } from '../controllers/external-secret/template-engine.ts';
import { parseKeysAndValues, TemplateRenderer } from '../template/index.ts';

export interface GoTemplateOptions {
  readonly clock: Clock;
  /** `--template-left-delimiter` and `--template-right-delimiter`. */
  readonly delimiters: { readonly left: string; readonly right: string };
}

export class GoTemplates {
  readonly engine: TemplateEngine;
  /** Rewrites always use `{{ }}`, and print `<no value>` for a missing key (`behaviour.md` 1.6). */
  readonly renderKey: RenderKey;
  readonly #renderer: TemplateRenderer;

  constructor({ clock, delimiters }: GoTemplateOptions) {
    const renderer = new TemplateRenderer({ clock });
    this.#renderer = renderer;
    this.engine = {
      render: (source, data, { name, fromManifest }) =>
        renderer.render(source, data, { name, delimiters, showSource: fromManifest }),
      parseKeysAndValues,
    };
    this.renderKey = async (template, key) => {
      const data = new Map([['value', Buffer.from(key, 'utf8')]]);
      const rendered = await renderer.render(template, data, { name: 'transform', missingKey: 'default' });
      return Buffer.from(rendered).toString('utf8');
    };
  }

  /** Ends the workers. */
  close(): Promise<void> {
    return this.#renderer.close();
  }
}
