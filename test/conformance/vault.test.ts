import { PropertyNotFoundError } from '../../src/providers/errors.ts';
import { providerConformance } from './provider.ts';
import { vaultBackend, vaultFaults } from './vault.ts';

const traits = { largest: 0, binary: false, empty: false, objectsOnly: true, missingProperty: PropertyNotFoundError };

providerConformance('Vault, KV version 1', { ...traits, versions: false }, () => vaultBackend('v1'), vaultFaults);
providerConformance(
  'Vault, KV version 2',
  { ...traits, versions: true, roundsIntegers: true },
  () => vaultBackend('v2'),
  vaultFaults,
);
