/** Every function a template may call, by name. */
import type { TemplateFunction } from '../signature.ts';
import { builtinFunctions } from './builtins.ts';
import { comparisonFunctions } from './comparisons.ts';

export const FUNCTIONS: ReadonlyMap<string, TemplateFunction> = new Map(
  [...builtinFunctions, ...comparisonFunctions].map((each) => [each.name, each]),
);
