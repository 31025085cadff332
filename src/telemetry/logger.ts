/**
 * The log of the process: one JSON object per line with `level`, `ts`, `logger`, `msg` and the given fields, on stderr.
 * The only file that knows pino. What fields may show is decided in `printable.ts`.
 */
import { pino, type DestinationStream } from 'pino';
import type { Clock } from '../clock.ts';
import type { Log } from '../log.ts';
import { printableFields } from './printable.ts';

/** `--loglevel`. The last three silence all but the line with which a process dies. */
export const logLevels = ['debug', 'info', 'warn', 'error', 'dpanic', 'panic', 'fatal'] as const;
export type LogLevel = (typeof logLevels)[number];

/** `--zap-time-encoding`. `epoch`: seconds with a fraction; `millis` and `nano`: numbers in that unit. */
export const timeEncodings = ['epoch', 'millis', 'nano', 'iso8601', 'rfc3339', 'rfc3339nano'] as const;
export type TimeEncoding = (typeof timeEncodings)[number];

export interface Logger extends Log {
  /** For the last line of a process that cannot go on. Does not end it. */
  fatal(fields: object, message: string): void;
  child(fields: object): Logger;
}

export interface LoggerOptions {
  readonly level: LogLevel;
  readonly timeEncoding: TimeEncoding;
  readonly clock: Clock;
  /** Where lines go. Default: stderr, written at once so that the last words are not lost. */
  readonly destination?: DestinationStream;
}

export function createLogger(options: LoggerOptions): Logger {
  const { level, timeEncoding, clock, destination = pino.destination({ dest: 2, sync: true }) } = options;
  const lines = pino(
    {
      level: level === 'dpanic' || level === 'panic' ? 'fatal' : level,
      base: null,
      timestamp: () => `,"ts":${formatTime(clock.now(), timeEncoding)}`,
      formatters: { level: (label) => ({ level: label }) },
      serializers: {},
    },
    destination,
  );
  return wrap(lines, {});
}

type Lines = Record<'debug' | 'info' | 'warn' | 'error' | 'fatal', (fields: object, message: string) => void> & {
  isLevelEnabled(level: string): boolean;
};

/** Names that every line has from elsewhere; a field of that name gets a trailing underscore. */
const RESERVED: ReadonlySet<string> = new Set(['level', 'ts', 'msg']);

function wrap(lines: Lines, bound: object): Logger {
  const at = (level: 'debug' | 'info' | 'warn' | 'error' | 'fatal') => (fields: object, message: string) => {
    if (lines.isLevelEnabled(level)) lines[level](unreserved({ ...bound, ...printableFields(fields) }), message);
  };
  return {
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
    fatal: at('fatal'),
    child: (fields) => wrap(lines, { ...bound, ...printableFields(fields) }),
  };
}

function unreserved(fields: Record<string, unknown>): Record<string, unknown> {
  if (!Object.keys(fields).some((name) => RESERVED.has(name))) return fields;
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [RESERVED.has(name) ? `${name}_` : name, value]),
  );
}

/** JSON text of a time given in milliseconds since the epoch. */
export function formatTime(ms: number, encoding: TimeEncoding): string {
  if (encoding === 'epoch') return String(ms / 1000);
  if (encoding === 'millis') return String(ms);
  if (encoding === 'nano') return `${Math.round(ms)}000000`;
  const iso = new Date(ms).toISOString();
  if (encoding === 'iso8601') return `"${iso}"`;
  const fraction = encoding === 'rfc3339' ? '' : iso.slice(19, -1).replace(/\.?0+$/, '');
  return `"${iso.slice(0, 19)}${fraction}Z"`;
}
