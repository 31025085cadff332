/**
 * "Read your writes" on a Vault Enterprise cluster: each answer carries the state of the node that gave it in
 * `X-Vault-Index`; sending the newest one back makes a lagging node refuse (412) or forward instead of answering with
 * older data.
 */

interface Index {
  readonly cluster: string;
  readonly local: bigint;
  readonly replicated: bigint;
}

export class SeenIndexes {
  #seen: readonly string[] = [];

  /** Values for the request header, at most a few: indexes of which none is newer than another. */
  get headers(): readonly string[] {
    return this.#seen;
  }

  note(header: string): void {
    const incoming = parseIndex(header);
    if (incoming === undefined) return;
    const isOlder = (text: string): boolean => compare(parseIndex(text), incoming) === 'older';
    const isNewer = (text: string): boolean => compare(parseIndex(text), incoming) === 'newer';
    if (this.#seen.some(isNewer) || this.#seen.includes(header)) return;
    this.#seen = [...this.#seen.filter((text) => !isOlder(text)), header].slice(-2);
  }
}

/** `v1:<cluster>:<local index>:<replicated index>:<signature>` in base64. What looks different is not kept. */
function parseIndex(header: string): Index | undefined {
  const [version, cluster, local, replicated] = Buffer.from(header, 'base64').toString('utf8').split(':');
  if (version !== 'v1' || cluster === undefined || !isDigits(local) || !isDigits(replicated)) return undefined;
  return { cluster, local: BigInt(local), replicated: BigInt(replicated) };
}

function compare(known: Index | undefined, incoming: Index): 'older' | 'newer' | 'unrelated' {
  if (known === undefined) return 'older';
  if (known.cluster !== incoming.cluster) return 'unrelated';
  if (known.local <= incoming.local && known.replicated <= incoming.replicated) return 'older';
  if (known.local >= incoming.local && known.replicated >= incoming.replicated) return 'newer';
  return 'unrelated';
}

function isDigits(text: string | undefined): text is string {
  return text !== undefined && /^\d+$/.test(text);
}
