/** Every function a template may call, by name. */
import type { TemplateFunction } from '../signature.ts';
import { archiveFunctions } from './archives.ts';
import { builtinFunctions } from './builtins.ts';
import { certificateFunctions } from './certificates.ts';
import { comparisonFunctions } from './comparisons.ts';
import { dateFunctions } from './dates.ts';
import { dictFunctions } from './dicts.ts';
import { encodingFunctions } from './encodings.ts';
import { jsonFunctions } from './json.ts';
import { keyFunctions } from './keys.ts';
import { listFunctions } from './lists.ts';
import { logicFunctions } from './logic.ts';
import { numberFunctions } from './numbers.ts';
import { passwordFunctions } from './passwords.ts';
import { pathFunctions } from './paths.ts';
import { regexFunctions } from './regex.ts';
import { semverFunctions } from './semver.ts';
import { textFunctions } from './text.ts';
import { urlFunctions } from './urls.ts';
import { wordFunctions } from './words.ts';
import { yamlFunctions } from './yaml.ts';

export const FUNCTIONS: ReadonlyMap<string, TemplateFunction> = new Map(
  [
    ...builtinFunctions,
    ...comparisonFunctions,
    ...textFunctions,
    ...wordFunctions,
    ...logicFunctions,
    ...listFunctions,
    ...dictFunctions,
    ...numberFunctions,
    ...jsonFunctions,
    ...encodingFunctions,
    ...yamlFunctions,
    ...regexFunctions,
    ...pathFunctions,
    ...urlFunctions,
    ...semverFunctions,
    ...dateFunctions,
    ...passwordFunctions,
    ...certificateFunctions,
    ...archiveFunctions,
    ...keyFunctions,
  ].map((each) => [each.name, each]),
);
