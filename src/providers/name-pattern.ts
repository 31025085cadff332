/**
 * `find.name.regexp`: RE2, unanchored, linear time whatever a tenant writes.
 */
import { RE2JS } from 're2js';
import { InvalidRefError } from './errors.ts';

/** Does a name match somewhere? An empty or missing pattern matches all. @throws InvalidRefError naming the pattern. */
export function namePattern(source: string | undefined): (name: string) => boolean {
  if (source === undefined || source === '') return () => true;
  const pattern = compile(source);
  return (name) => pattern.matcher(name).find();
}

function compile(source: string): RE2JS {
  try {
    return RE2JS.compile(source);
  } catch (error) {
    throw new InvalidRefError(`find.name.regexp ${JSON.stringify(source)} is no regular expression`, { cause: error });
  }
}
