/**
 * What rendering needs of a template engine. The engine itself is the library in `src/template`; this room only says under
 * which limits and with which delimiters it runs.
 */

export interface RenderOptions {
  /** How the template is called in error messages. */
  readonly name: string;
  /** The template's own text may be shown in errors: it stands in the manifest (D20). */
  readonly fromManifest: boolean;
}

export interface TemplateEngine {
  /** @throws Error whose message gives the position and never a value. */
  render(
    source: string | Uint8Array,
    data: ReadonlyMap<string, Uint8Array>,
    options: RenderOptions,
  ): Promise<Uint8Array>;
  /** Reads rendered text as a YAML map of strings (`templateAs: KeysAndValues`). @throws Error giving the position only. */
  parseKeysAndValues(text: Uint8Array): ReadonlyMap<string, Uint8Array>;
}
