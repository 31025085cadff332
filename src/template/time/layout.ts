/** Go's time layouts, which describe a format by how the reference time Mon Jan 2 15:04:05 2006 looks in it. */

/** A piece of a layout: literal text, or a token of the reference time. */
export interface LayoutPiece {
  readonly token: Token | 'text';
  readonly text: string;
}

export type Token =
  | 'year4'
  | 'year2'
  | 'monthLong'
  | 'monthShort'
  | 'month0'
  | 'month'
  | 'day0'
  | 'day_'
  | 'day'
  | 'yearDay0'
  | 'yearDay_'
  | 'weekdayLong'
  | 'weekdayShort'
  | 'hour24'
  | 'hour12_0'
  | 'hour12'
  | 'minute0'
  | 'minute'
  | 'second0'
  | 'second'
  | 'PM'
  | 'pm'
  | 'fraction0'
  | 'fraction9'
  | 'zoneName'
  | 'zoneOffset';

/** Fixed words, longest first where one begins another. Zone offsets are kept as they are written. */
const WORDS: readonly (readonly [string, Token])[] = [
  ['January', 'monthLong'],
  ['Monday', 'weekdayLong'],
  ['MST', 'zoneName'],
  ['002', 'yearDay0'],
  ['01', 'month0'],
  ['02', 'day0'],
  ['03', 'hour12_0'],
  ['04', 'minute0'],
  ['05', 'second0'],
  ['06', 'year2'],
  ['2006', 'year4'],
  ['__2', 'yearDay_'],
  ['_2', 'day_'],
  ['15', 'hour24'],
  ['PM', 'PM'],
  ['pm', 'pm'],
  ['-07:00:00', 'zoneOffset'],
  ['-070000', 'zoneOffset'],
  ['-07:00', 'zoneOffset'],
  ['-0700', 'zoneOffset'],
  ['-07', 'zoneOffset'],
  ['Z07:00:00', 'zoneOffset'],
  ['Z070000', 'zoneOffset'],
  ['Z07:00', 'zoneOffset'],
  ['Z0700', 'zoneOffset'],
  ['Z07', 'zoneOffset'],
  ['1', 'month'],
  ['2', 'day'],
  ['3', 'hour12'],
  ['4', 'minute'],
  ['5', 'second'],
];

/** Cuts a layout into tokens and the text between them. */
export function layoutPieces(layout: string): LayoutPiece[] {
  const pieces: LayoutPiece[] = [];
  let literal = '';
  for (let at = 0; at < layout.length;) {
    const piece = tokenAt(layout, at);
    if (piece === undefined) {
      literal += layout[at++];
      continue;
    }
    if (literal !== '') pieces.push({ token: 'text', text: literal });
    literal = '';
    pieces.push(piece);
    at += piece.text.length;
  }
  return literal === '' ? pieces : [...pieces, { token: 'text', text: literal }];
}

function tokenAt(layout: string, at: number): LayoutPiece | undefined {
  if (layout.startsWith('_2006', at)) return undefined;
  const word = WORDS.find(([text]) => layout.startsWith(text, at));
  if (word !== undefined) return { token: word[1], text: word[0] };
  return shortName(layout, at) ?? fraction(layout, at);
}

/** `Jan` and `Mon`, unless they begin a longer word in lower case. */
function shortName(layout: string, at: number): LayoutPiece | undefined {
  const text = layout.slice(at, at + 3);
  if ((text !== 'Jan' && text !== 'Mon') || /[a-z]/.test(layout[at + 3] ?? '')) return undefined;
  return { token: text === 'Jan' ? 'monthShort' : 'weekdayShort', text };
}

function fraction(layout: string, at: number): LayoutPiece | undefined {
  const [text = ''] = /^[.,](?:0+|9+)(?![0-9])/.exec(layout.slice(at, at + 40)) ?? [];
  if (text === '') return undefined;
  return { token: text[1] === '0' ? 'fraction0' : 'fraction9', text };
}
