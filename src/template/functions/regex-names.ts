/** Names of groups in a pattern. Go lets several groups share a name; re2js does not, so later ones are renamed. */

/** Pieces of a pattern in which a group cannot begin, or the beginning of a named group. */
const PIECES = /\\Q[\s\S]*?(?:\\E|$)|\\[\s\S]|\[\^?\]?(?:\\[\s\S]|\[:[^\]]*:\]|[^\]\\])*\]|\(\?P?<(\w+)>|\((?!\?)/g;

export class GroupNames {
  /** The pattern with unique names. */
  readonly pattern: string;
  private readonly groups = new Map<string, number[]>();

  constructor(pattern: string) {
    let count = 0;
    this.pattern = pattern.replace(PIECES, (piece, name?: string) => {
      if (!piece.startsWith('(')) return piece;
      count++;
      if (name === undefined) return piece;
      const known = this.groups.get(name);
      this.groups.set(name, [...(known ?? []), count]);
      return known === undefined ? piece : piece.replace(name, `${name}_${count}_again`);
    });
  }

  /** Numbers of the groups that a reference means: by number, or by name. */
  groupsOf(reference: string): readonly number[] {
    if (/^[0-9]+$/.test(reference)) return /^0./.test(reference) ? [] : [Number(reference)];
    return this.groups.get(reference) ?? [];
  }
}
