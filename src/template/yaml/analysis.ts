/** Which styles a text may be written in, by the rules of Go's YAML emitter. */

export interface Analysis {
  readonly multiline: boolean;
  /** Plain, outside of flow collections. */
  readonly plain: boolean;
  readonly single: boolean;
  readonly literal: boolean;
}

const BREAK = '\\n\\r\\x85\\u2028\\u2029';
const INDICATOR_START = /^(?:---|\.\.\.|[#,[\]{}&*!|>'"%@`])/;
const DASH_START = new RegExp(`^[-?:](?:[ \\t${BREAK}]|$)`);
const INDICATOR_INSIDE = new RegExp(`:(?:[ \\t${BREAK}]|$)|[ \\t${BREAK}]#`);
const SPECIAL = /[^\n\x20-\x7e\xa0-\ufefe\uff00-\ufffd]/u;
const EMPTY: Analysis = { multiline: false, plain: true, single: true, literal: false };

export function analyse(text: string): Analysis {
  if (text === '') return EMPTY;
  const multiline = new RegExp(`[${BREAK}]`).test(text);
  const indicators = INDICATOR_START.test(text) || DASH_START.test(text) || INDICATOR_INSIDE.test(text);
  const edge = new RegExp(`^[ ${BREAK}]|[ ${BREAK}]$`).test(text);
  const spaceAfterBreak = new RegExp(`[${BREAK}] `).test(text);
  const spaceBeforeBreak = new RegExp(` [${BREAK}]`).test(text);
  const special = SPECIAL.test(text) || spaceBeforeBreak;
  return {
    multiline,
    plain: !indicators && !edge && !multiline && !special,
    single: !spaceAfterBreak && !special,
    literal: !special && !text.endsWith(' '),
  };
}
