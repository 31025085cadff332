/** What one of the two engines made of a case, and whether both made the same as far as the contract asks. */
import { isUtf8 } from 'node:buffer';
import { decodeText, isValidUtf8 } from '../../src/template/bytes.ts';
import {
  parseKeysAndValues,
  parseManifestYaml,
  renderTemplate,
  TemplateError,
  WORKER_LIMITS,
  YamlError,
} from '../../src/template/index.ts';
import type { YamlData } from '../../src/template/index.ts';
import type { Case } from './cases.ts';

export type Outcome =
  | { readonly kind: 'output'; readonly bytes: Buffer }
  | { readonly kind: 'error'; readonly class: string; readonly message: string }
  /** No result within the time or memory given; says nothing about likeness. */
  | { readonly kind: 'limit'; readonly message: string };

export type Verdict = 'equal output' | 'equal error' | 'limit' | 'known' | 'different';

const LIMITS = { ...WORKER_LIMITS, steps: 50_000_000 };

/** Renders with our engine. */
export function ourOutcome(each: Case): Outcome {
  const { template, data, name, missingKey, delimiters, parse } = each;
  try {
    const options = {
      name,
      missingKey,
      reveal: true,
      limits: LIMITS,
      ...(delimiters === undefined ? {} : { delimiters }),
    };
    const output = renderTemplate(template, data, options);
    return { kind: 'output', bytes: parse === undefined ? Buffer.from(output) : Buffer.from(parsed(parse, output)) };
  } catch (error) {
    if (error instanceof YamlError) return { kind: 'error', class: 'yaml', message: '' };
    if (!(error instanceof TemplateError)) return { kind: 'error', class: 'crash', message: String(error) };
    if (error.reason !== 'template') return { kind: 'limit', message: error.message };
    return { kind: 'error', class: error.class, message: error.message };
  }
}

/** Read as the operator reads it, printed as Go prints JSON: keys in byte order. */
function parsed(how: 'keysAndValues' | 'manifest', bytes: Uint8Array): string {
  if (how === 'manifest') return goJson(parseManifestYaml(bytes));
  const texts = [...parseKeysAndValues(bytes)].map(([key, value]) => [
    key,
    decodeText(Buffer.from(value).toString('latin1')),
  ]);
  return goJson(Object.fromEntries(texts));
}

/** JSON as Go writes it: keys in byte order (an object of JavaScript would put numbers first), every number a float. */
function goJson(data: YamlData): string {
  if (Array.isArray(data)) return `[${data.map(goJson).join(',')}]`;
  if (typeof data === 'bigint') return JSON.stringify(Number(data));
  if (typeof data !== 'object' || data === null) return JSON.stringify(data);
  const pairs = Object.entries(data).sort(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  return `{${pairs.map(([key, value]) => `${JSON.stringify(key)}:${goJson(value)}`).join(',')}}`;
}

/** Differences that stay, each with its reason; a case is looked at here only after it differed. */
const KNOWN: readonly {
  readonly reason: string;
  readonly applies: (template: string, each: Case, ours: Outcome, go: Outcome) => boolean;
}[] = [
  {
    reason: 'snakecase and kebabcase see bytes that are no UTF-8 as part of the word before, in a way of their own',
    applies: (template, each, _ours, go) =>
      /\b(?:snake|kebab)case\b/.test(template) &&
      (hasInvalidBytes(template, each) || (go.kind === 'output' && !isUtf8(go.bytes))),
  },
  {
    reason: 'YAML whose document is one quoted text: what follows it on the same line is cut elsewhere',
    applies: (_template, each, _ours, go) => each.parse !== undefined && go.kind === 'output' && go.bytes[0] === 0x22,
  },
  {
    reason:
      'a slice of a list may reach beyond its end in Go, into memory that happens to be there; here it is out of range',
    applies: (_template, _each, ours) => ours.kind === 'error' && ours.message.endsWith('slice index out of bounds'),
  },
];

function hasInvalidBytes(template: string, { data }: Case): boolean {
  return (
    /\\x[89a-f]|\\377/.test(template) || !isValidUtf8(template) || [...data.values()].some((value) => !isUtf8(value))
  );
}

/** Why a difference is known and stays; undefined: it is not. */
export function knownReason(each: Case, ours: Outcome, go: Outcome): string | undefined {
  const template = each.template.toString('latin1');
  return KNOWN.find(({ applies }) => applies(template, each, ours, go))?.reason;
}

export function verdict(ours: Outcome, go: Outcome): Exclude<Verdict, 'known'> {
  if (ours.kind === 'limit' || go.kind === 'limit') return 'limit';
  if (ours.kind === 'output' && go.kind === 'output') {
    return comparableOutput(ours.bytes) === comparableOutput(go.bytes) ? 'equal output' : 'different';
  }
  if (ours.kind !== 'error' || go.kind !== 'error' || ours.class !== go.class) return 'different';
  if (ours.class === 'yaml') return 'equal error';
  return comparable(ours.message) === comparable(go.message) ? 'equal error' : 'different';
}

/** Functions whose libraries word their errors in their own way; the contract asks for an error there, not for its text. */
const LIBRARY_WORDS =
  /(error calling (?:pkcs12|pemT|fullPem|jwk|filterCertChain|certSANs|buildCustomCert|rsaDecrypt|decryptAES|mustToDate|mustFromJson|semver)\w*): [^]*$/;
const NIL_POINTER = /: runtime error: invalid memory address or nil pointer dereference$/;

/** The limit on nested calls is lower here on purpose. */
const TOO_DEEP = / \(1000(?:00)?\)$/;

function comparable(message: string): string {
  return message.replace(LIBRARY_WORDS, '$1').replace(NIL_POINTER, '').replace(TOO_DEEP, '');
}

/** `fromYaml` returns its error as text, and a YAML library words it in its own way. */
function comparableOutput(bytes: Buffer): string {
  return bytes.toString('latin1').replaceAll(/(error converting YAML to JSON: )[^"\]\\]*/g, '$1');
}
