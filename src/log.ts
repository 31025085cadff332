/**
 * What the rooms know about logging: four levels and a way to add fields. The implementation is `telemetry/logger.ts`;
 * everybody else takes a {@link Log} as a parameter. Fields name objects and keys, never values.
 */

export interface Log {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
  /** A log that adds `fields` to every line. The field `logger` names the part that speaks, e.g. `{ logger: 'informer' }`. */
  child(fields: object): Log;
}

const nothing = (): void => {};

/** Says nothing. For tests, and for callers that do not care. */
export const silentLog: Log = {
  debug: nothing,
  info: nothing,
  warn: nothing,
  error: nothing,
  child: () => silentLog,
};
