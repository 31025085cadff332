/** The generators that ask AWS. How that is done is the AWS provider's business. */
import type { EcrAuthorizationTokenSpec, StsSessionTokenSpec } from '../api/generators/aws.ts';
import { ecrLogin, stsSessionToken } from '../providers/aws/generate.ts';
import type { GeneratorModule } from './generator.ts';

export const ecrGenerator: GeneratorModule<EcrAuthorizationTokenSpec> = {
  generate: async (spec, context) => ({ values: await ecrLogin(spec, spec.scope, context) }),
};

export const stsGenerator: GeneratorModule<StsSessionTokenSpec> = {
  generate: async (spec, context) => ({ values: await stsSessionToken(spec, spec.requestParameters ?? {}, context) }),
};
