/**
 * Errors of the engine. Messages are built of pieces that know whether they are our words, the template's text or a
 * value, so that one place decides what may be shown: values never are, template text only for templates that stand
 * in a manifest anyone may read (decision D20).
 */
import { decodeText } from './bytes.ts';
import { kindOf, type Operand } from './values.ts';

interface ValuePiece {
  readonly piece: 'value';
  readonly text: string;
  readonly kind: string;
}
interface SourcePiece {
  readonly piece: 'source';
  readonly text: string;
}
interface WordPiece {
  readonly piece: 'word';
  readonly text: string;
}
export type Piece = ValuePiece | SourcePiece | WordPiece;

/** What a rendering of a message may show. `reveal` is for the conformance tests only. */
export interface Disclosure {
  readonly source: boolean;
  readonly reveal: boolean;
}

export class Message {
  readonly pieces: readonly Piece[];

  constructor(pieces: readonly Piece[]) {
    this.pieces = pieces;
  }

  /** The message as text (UTF-16), masked as told. */
  text(show: Disclosure): string {
    return this.pieces.map((piece) => pieceText(piece, show)).join('');
  }
}

function pieceText(piece: Piece, show: Disclosure): string {
  if (piece.piece === 'word' || show.reveal) return decodeText(piece.text);
  if (piece.piece === 'source') return show.source ? decodeText(piece.text) : '…';
  return `<value: ${piece.kind}, ${piece.text.length} bytes>`;
}

/** Text of the value as Go would print it in a message, hidden from people. */
export function value(text: string, of?: Operand): Piece {
  return { piece: 'value', text, kind: of === undefined ? 'string' : kindOf(of) };
}

/** Text that stands in the template. */
export const source = (text: string): Piece => ({ piece: 'source', text });

/** Text of our own: type names, function names. */
export const word = (text: string): Piece => ({ piece: 'word', text });

/** Tag for messages: literal parts are our words, inserted ones say what they are. */
export function message(parts: TemplateStringsArray, ...inserted: (Piece | Message | number)[]): Message {
  const pieces: Piece[] = [];
  parts.forEach((part, i) => {
    if (part !== '') pieces.push(word(part));
    const next = inserted[i];
    if (next instanceof Message) pieces.push(...next.pieces);
    else if (next !== undefined) pieces.push(typeof next === 'number' ? word(String(next)) : next);
  });
  return new Message(pieces);
}

const MASKED: Disclosure = { source: false, reveal: false };

/** Thrown by functions and helpers inside the engine; the executor adds where it happened. Never leaves the engine. */
export class Failure extends Error {
  override readonly name = 'Failure';
  readonly detail: Message;

  constructor(detail: Message) {
    super(detail.text(MASKED));
    this.detail = detail;
  }
}

/** Tag that makes a {@link Failure}: throw failure`bad ${value(x)}`. */
export function failure(parts: TemplateStringsArray, ...inserted: (Piece | Message | number)[]): Failure {
  return new Failure(message(parts, ...inserted));
}

/** Where a template failed. Lines count from 1, columns are bytes from 0; a parse error has no column. */
export interface Position {
  readonly name: string;
  readonly line: number;
  readonly column?: number;
}

/** `template`: the template or its data is wrong. The others: a limit of this operator was met. */
export type ErrorReason = 'template' | 'budget' | 'deadline' | 'output';

/** What a caller gets when a template cannot be rendered. The message holds no value. */
export class TemplateError extends Error {
  override readonly name = 'TemplateError';
  readonly class: 'parse' | 'exec';
  readonly reason: ErrorReason;
  readonly position: Position | undefined;

  constructor(kind: 'parse' | 'exec', text: string, position?: Position, reason: ErrorReason = 'template') {
    super(text);
    this.class = kind;
    this.position = position;
    this.reason = reason;
  }
}
