/**
 * Remembers which 403s were the policy's doing, so that one denied path does not cost a check of the token (or a login)
 * at each refresh. Vault answers 403 both for a dead token and for a path outside the policy.
 */
import type { SecretValue } from '../../secret-value.ts';

const PATH_MEMORY_MS = 10 * 60_000;
/** How long a token that was just proved alive is believed: about one burst of reads. */
const TOKEN_MEMORY_MS = 30_000;
const MOST_PATHS = 1000;

export class Denials {
  readonly #paths = new Map<string, number>();
  #provedToken: SecretValue | undefined;
  #provedUntil = 0;

  /** True when a 403 on `path` with `token` needs no further check: it is the policy. */
  isPolicy(path: string, token: SecretValue | undefined, now: number): boolean {
    if (now < (this.#paths.get(path) ?? 0)) return true;
    return token !== undefined && token === this.#provedToken && now < this.#provedUntil;
  }

  proved(token: SecretValue | undefined, now: number): void {
    this.#provedToken = token;
    this.#provedUntil = now + TOKEN_MEMORY_MS;
  }

  remember(path: string, now: number): void {
    if (this.#paths.size >= MOST_PATHS) this.#paths.clear();
    this.#paths.set(path, now + PATH_MEMORY_MS);
  }
}
