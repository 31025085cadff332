import { PropertyNotFoundError } from '../../src/providers/errors.ts';
import { awsBackend, awsFaults } from './aws.ts';
import { providerConformance } from './provider.ts';

const common = { versions: true, missingProperty: PropertyNotFoundError };
providerConformance(
  'AWS Secrets Manager',
  { ...common, largest: 65_536, binary: true, empty: true },
  () => awsBackend('SecretsManager'),
  awsFaults,
);
providerConformance(
  'AWS Parameter Store',
  { ...common, largest: 8_192, binary: false, empty: false },
  () => awsBackend('ParameterStore'),
  awsFaults,
);
