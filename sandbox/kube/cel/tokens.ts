/**
 * Cuts a CEL expression into tokens.
 */
export type Token =
  | { readonly type: 'name' | 'op'; readonly text: string }
  | { readonly type: 'number'; readonly value: number }
  | { readonly type: 'text'; readonly value: string };

export class CelSyntaxError extends Error {
  override readonly name = 'CelSyntaxError';
}

const TOKEN =
  /\s*(?:(r?"""[\s\S]*?"""|r?'''[\s\S]*?'''|r?"(?:\\.|[^"\\])*"|r?'(?:\\.|[^'\\])*')|(0x[0-9a-fA-F]+|\d+\.\d+(?:e[+-]?\d+)?|\d+)u?|([A-Za-z_]\w*)|(&&|\|\||[=!<>]=|[-+*/%<>!?:.,()[\]{}]))/y;

export function tokenize(source: string): Token[] {
  const tokens: Token[] = [];
  const text = source.trimEnd();
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < text.length) {
    const at = TOKEN.lastIndex;
    const match = TOKEN.exec(text);
    if (match === null) throw new CelSyntaxError(`unexpected ${JSON.stringify(text.slice(at, at + 10))}`);
    tokens.push(tokenOf(match));
  }
  return tokens;
}

function tokenOf(match: RegExpExecArray): Token {
  const [, literal, number, name, op] = match;
  if (literal !== undefined) return { type: 'text', value: unquote(literal) };
  if (number !== undefined) return { type: 'number', value: Number(number) };
  if (name !== undefined) return { type: 'name', text: name };
  return { type: 'op', text: op ?? '' };
}

const ESCAPES: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r', a: '\x07', b: '\b', f: '\f', v: '\v' };

function unquote(literal: string): string {
  const raw = literal.startsWith('r');
  const quoted = raw ? literal.slice(1) : literal;
  const width = /^("""|''')/.test(quoted) ? 3 : 1;
  const inner = quoted.slice(width, -width);
  if (raw) return inner;
  return inner.replaceAll(/\\(u[0-9a-fA-F]{4}|x[0-9a-fA-F]{2}|.)/gs, (_, escape: string) => {
    if (/^[ux]./.test(escape)) return String.fromCodePoint(Number.parseInt(escape.slice(1), 16));
    return ESCAPES[escape] ?? escape;
  });
}
