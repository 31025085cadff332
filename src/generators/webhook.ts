/** Takes keys and values from the answer of a web server. */
import type { WebhookSpec } from '../api/generators/webhook.ts';
import { callWebhook } from '../providers/webhook/generate.ts';
import { GeneratorError } from './errors.ts';
import type { GeneratorModule } from './generator.ts';

export const webhookGenerator: GeneratorModule<WebhookSpec> = {
  async generate(spec, context) {
    const secrets = spec.secrets?.map(({ name, secretRef }, index) => {
      if (secretRef.name === undefined) throw new GeneratorError(`secrets[${index}].secretRef.name is missing`);
      return { name, secretRef: { ...secretRef, name: secretRef.name } };
    });
    return { values: await callWebhook({ ...context, spec: { ...spec, secrets }, retry: undefined }) };
  },
};
