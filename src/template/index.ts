/**
 * Go templates for secrets: the whole of what the rest of the program may use. `TemplateRenderer` is the way to render
 * what users wrote; `renderTemplate` and `renderValueTemplate` do it on this thread, within a small budget.
 */
export * from './library.ts';
export { TemplateRenderer, type RendererOptions, type RequestOptions } from './renderer.ts';
