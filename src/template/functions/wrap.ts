/** Breaks text into lines at spaces. */

/** Breaks `text` at column `width`; words that are longer are cut only if `cutWords`. Leading spaces of a line go. */
export function wrap(text: string, width: number, separator: string, cutWords: boolean): string {
  const limit = Math.max(width, 1);
  const lines: string[] = [];
  let at = 0;
  while (text.length - at > limit) {
    if (text[at] === ' ') {
      at++;
      continue;
    }
    const { end, next } = lineEnd(text, at, limit, cutWords);
    if (next > text.length) return lines.join('') + text.slice(at);
    lines.push(text.slice(at, end), separator);
    at = next;
  }
  return lines.join('') + text.slice(at);
}

/** Where the line that begins at `at` ends and where the next begins (beyond the text = there is none). */
function lineEnd(text: string, at: number, limit: number, cutWords: boolean): { end: number; next: number } {
  const space = text.lastIndexOf(' ', at + limit);
  if (space >= at) return { end: space, next: space + 1 };
  if (cutWords) return { end: at + limit, next: at + limit };
  const later = text.indexOf(' ', at + limit);
  return later < 0 ? { end: text.length, next: Infinity } : { end: later, next: later + 1 };
}
