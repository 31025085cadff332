/** Makes a case small while it still shows a difference of the same kind: leaves out pieces of the template and of the data. */
import type { Case } from './cases.ts';

/** Tells, for many cases at once, which of them still show the difference. */
export type StillDiffers = (cases: readonly Case[]) => Promise<readonly boolean[]>;

const ROUNDS = 200;

export async function shrink(start: Case, stillDiffers: StillDiffers): Promise<Case> {
  let best = start;
  for (let round = 0; round < ROUNDS; round++) {
    const candidates = [...withoutData(best), ...withSmallerTemplates(best), ...withSmallerValues(best)];
    const smaller = await firstThatDiffers(candidates, stillDiffers);
    if (smaller === undefined) return best;
    best = smaller;
  }
  return best;
}

async function firstThatDiffers(candidates: readonly Case[], stillDiffers: StillDiffers): Promise<Case | undefined> {
  const size = 64;
  for (let at = 0; at < candidates.length; at += size) {
    const some = candidates.slice(at, at + size);
    const found = (await stillDiffers(some)).indexOf(true);
    if (found >= 0) return some[found];
  }
  return undefined;
}

function withoutData(each: Case): Case[] {
  const half = [...each.data].slice(0, each.data.size >> 1);
  const all = [new Map(), ...(half.length > 1 ? [new Map(half)] : [])];
  const one = [...each.data.keys()].map((key) => new Map([...each.data].filter(([other]) => other !== key)));
  return each.data.size === 0 ? [] : [...all, ...one].map((data) => ({ ...each, data }));
}

function withSmallerTemplates(each: Case): Case[] {
  return smallerTexts(each.template.toString('latin1')).map((text) => ({
    ...each,
    template: Buffer.from(text, 'latin1'),
  }));
}

function withSmallerValues(each: Case): Case[] {
  return [...each.data].flatMap(([key, value]) =>
    value.length > 2000
      ? []
      : smallerTexts(value.toString('latin1')).map((text) => ({
          ...each,
          data: new Map([...each.data, [key, Buffer.from(text, 'latin1')]]),
        })),
  );
}

/** The text without one run of its pieces: long runs first, then short ones, then single characters of a piece. */
function smallerTexts(text: string): string[] {
  const pieces = text.match(/"(?:\\.|[^"\\])*"|\w+|\s+|[^\w\s]/g) ?? [];
  const texts: string[] = [];
  for (let size = pieces.length; size >= 1; size = size > 12 ? size >> 1 : size - 1) {
    const step = Math.max(1, size >> 2);
    for (let at = 0; at + size <= pieces.length; at += step) {
      texts.push([...pieces.slice(0, at), ...pieces.slice(at + size)].join(''));
    }
  }
  texts.push(...withoutParentheses(text));
  if (text.length <= 300) for (let at = 0; at < text.length; at++) texts.push(text.slice(0, at) + text.slice(at + 1));
  return [...new Set(texts)].filter((shorter) => shorter.length < text.length);
}

/** An argument in the place of the expression around it: `(f (g x))` becomes `(g x)`. */
function withoutParentheses(text: string): string[] {
  const texts: string[] = [];
  const open: number[] = [];
  const pairs: (readonly [number, number])[] = [];
  for (let at = 0; at < text.length; at++) {
    if (text[at] === '(') open.push(at);
    const start = text[at] === ')' ? open.pop() : undefined;
    if (start !== undefined) pairs.push([start, at + 1]);
  }
  for (const [from, to] of pairs) {
    for (const [a, b] of pairs)
      if (a > from && b < to) texts.push(text.slice(0, from) + text.slice(a, b) + text.slice(to));
    texts.push(`${text.slice(0, from)}1${text.slice(to)}`, `${text.slice(0, from)}""${text.slice(to)}`);
  }
  return texts;
}
