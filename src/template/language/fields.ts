/** Field access `.x`: map entries, fields and methods from the values' own tables, never JavaScript properties. */
import { failure, source, word } from '../errors.ts';
import { quote } from '../format/quote.ts';
import { namedIntMethod } from '../functions/durations.ts';
import { GoInt, GoMap, GoObject, typeOf, type Method } from '../values.ts';
import { Boxed, unbox, type Evaluated } from './arguments.ts';

/** What an absent map key gives: the error of ExternalSecret templates, or Go's default "no value". */
export type MissingKey = 'error' | 'default';

/** A method of the receiver, if it has one of that name. */
export function methodOf(receiver: Evaluated, name: string): Method | undefined {
  const value = unbox(receiver);
  if (value instanceof GoObject) return value.method(name);
  return value instanceof GoInt ? namedIntMethod(value, name) : undefined;
}

/** The entry or field `name` of the receiver. `hasArguments`: it was called with some, which only methods take. */
export function fieldOf(receiver: Evaluated, name: string, missingKey: MissingKey, hasArguments: boolean): Evaluated {
  const value = unbox(receiver);
  if (value === undefined) {
    if (missingKey === 'error') throw failure`nil data; no entry for key ${source(quote(name))}`;
    return undefined;
  }
  if (value === null) throw failure`nil pointer evaluating interface {}.${source(name)}`;
  if (value instanceof GoMap) return entryOf(value, name, missingKey, hasArguments);
  const field = value instanceof GoObject ? value.field(name) : undefined;
  if (field === undefined) throw failure`can't evaluate field ${source(name)} in type ${word(staticType(receiver))}`;
  if (hasArguments) throw failure`${source(name)} has arguments but cannot be invoked as function`;
  return field;
}

function entryOf(map: GoMap, name: string, missingKey: MissingKey, hasArguments: boolean): Evaluated {
  if (hasArguments) throw failure`${source(name)} is not a method but has arguments`;
  const entry = map.entries.get(name);
  if (entry !== undefined) return map.elem === 'interface {}' && entry !== null ? new Boxed(entry) : entry;
  if (missingKey === 'error') throw failure`map has no entry for key ${source(quote(name))}`;
  return undefined;
}

function staticType(receiver: Evaluated): string {
  return receiver instanceof Boxed ? 'interface {}' : typeOf(receiver);
}
