/**
 * Makes an object that stays in memory small: without `managedFields`, often half of its bytes, and with one copy of each text
 * that many objects share ("ExternalSecret", "secret synced", hashes of equal specs). Works in place: the object is fresh from the
 * wire and nobody else's, and taking a property out of a copy would cost more memory than it saves.
 */

/** Texts remembered at most: enough for what repeats, forgotten all at once when names and times have filled it. */
const MOST_TEXTS = 4096;
/** Longer texts are hardly ever equal. */
const LONGEST_TEXT = 128;

export class Compactor {
  readonly #texts = new Map<string, string>();

  /** @returns `object` itself */
  compact<T>(object: T): T {
    if (typeof object !== 'object' || object === null) return object;
    const { metadata } = object as { metadata?: { managedFields?: unknown } };
    // Deleting would turn the metadata into a slow and large dictionary.
    if (metadata?.managedFields !== undefined) metadata.managedFields = undefined;
    this.#share(object as Record<string, unknown>);
    return object;
  }

  /** Arrays too: their indexes are their keys. */
  #share(object: Record<string, unknown>): void {
    for (const key in object) {
      const value = object[key];
      if (typeof value === 'string') object[key] = this.#shared(value);
      else if (typeof value === 'object' && value !== null) this.#share(value as Record<string, unknown>);
    }
  }

  #shared(text: string): string {
    if (text.length > LONGEST_TEXT) return text;
    const known = this.#texts.get(text);
    if (known !== undefined) return known;
    if (this.#texts.size >= MOST_TEXTS) this.#texts.clear();
    this.#texts.set(text, text);
    return text;
  }
}
