/**
 * An opaque holder for bytes that must never be printed. Logging, stringifying, spreading or inspecting it shows only
 * its size; `reveal()` is the one way in, so a reviewer finds every place that touches a value by searching for it.
 */
import { inspect } from 'node:util';

export class SecretValue {
  readonly #bytes: Uint8Array;

  private constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** Takes the bytes as they are (no copy): the caller must not change them afterwards. */
  static ofBytes(bytes: Uint8Array): SecretValue {
    return new SecretValue(bytes);
  }

  /** Holds the UTF-8 encoding of `text`. */
  static ofText(text: string): SecretValue {
    return new SecretValue(Buffer.from(text, 'utf8'));
  }

  /** The bytes themselves. Do not modify, log or put them into an error. */
  reveal(): Uint8Array {
    return this.#bytes;
  }

  /** The bytes decoded as UTF-8, invalid sequences replaced by U+FFFD. Do not log or put it into an error. */
  revealText(): string {
    return Buffer.from(this.#bytes.buffer, this.#bytes.byteOffset, this.#bytes.byteLength).toString('utf8');
  }

  get size(): number {
    return this.#bytes.byteLength;
  }

  equals(other: SecretValue): boolean {
    return Buffer.compare(this.#bytes, other.#bytes) === 0;
  }

  toString(): string {
    return `<value: ${this.size} bytes>`;
  }

  toJSON(): string {
    return this.toString();
  }

  [inspect.custom](): string {
    return this.toString();
  }
}
