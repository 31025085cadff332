import { PropertyNotFoundError } from '../../src/providers/errors.ts';
import { gitlabBackend, gitlabFaults } from './gitlab.ts';
import { providerConformance } from './provider.ts';

const traits = {
  largest: 10_000,
  binary: false,
  empty: true,
  versions: false,
  missingProperty: PropertyNotFoundError,
  separator: '_',
};
providerConformance('the gitlab provider', traits, gitlabBackend, gitlabFaults);
