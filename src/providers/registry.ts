/**
 * The providers of this build: a plain list. The CRD, the webhook, the pool and the reference pages are made from it.
 * A backend's client library is loaded when a SecretStore first needs it.
 */
import { PROVIDER_KEYS } from '../api/provider-keys.ts';
import { aws } from './aws/spec.ts';
import { InvalidProviderConfigError } from './errors.ts';
import { fake } from './fake/spec.ts';
import { gitlab } from './gitlab/spec.ts';
import { kubernetes } from './kubernetes/spec.ts';
import type { ProviderDeclaration } from './provider.ts';
import { vault } from './vault/spec.ts';
import { webhook } from './webhook/spec.ts';

export const providers: readonly ProviderDeclaration[] = [aws, fake, gitlab, kubernetes, vault, webhook];

/** Keys that a manifest may use and this build cannot serve. */
export const unavailableProviders: readonly string[] = PROVIDER_KEYS.filter(
  (key) => !providers.some(({ name }) => name === key),
);

export interface FoundProvider {
  readonly declaration: ProviderDeclaration;
  /** The member of `spec.provider`, parsed. */
  readonly spec: unknown;
}

/** Parsing is pure and objects from a cache do not change: each is parsed once. */
const parsed = new WeakMap<object, FoundProvider>();

/**
 * The provider that the single key under `spec.provider` names.
 * @throws InvalidProviderConfigError when there is not exactly one key, when it is not in this build, or when what
 * stands under it does not fit the schema.
 */
export function findProvider(provider: unknown): FoundProvider {
  if (typeof provider !== 'object' || provider === null)
    throw new InvalidProviderConfigError('spec.provider is missing');
  const known = parsed.get(provider);
  if (known !== undefined) return known;
  const [name, spec] = onlyMember(provider);
  const declaration = providers.find((candidate) => candidate.name === name);
  if (declaration === undefined) {
    throw new InvalidProviderConfigError(`provider "${name}" is not available in this build`);
  }
  const found = { declaration, spec: parseSpec(declaration, spec) };
  parsed.set(provider, found);
  return found;
}

function onlyMember(provider: object): readonly [name: string, spec: unknown] {
  const members = Object.entries(provider).filter(([, spec]) => spec !== undefined && spec !== null);
  const [only] = members;
  if (only !== undefined && members.length === 1) return only;
  const found = members.length === 0 ? 'none is' : `found ${members.map(([name]) => name).join(', ')}`;
  throw new InvalidProviderConfigError(`spec.provider must name exactly one provider, ${found}`);
}

function parseSpec(declaration: ProviderDeclaration, spec: unknown): unknown {
  const result = declaration.spec.safeParse(spec);
  if (result.success) return result.data;
  const issues = result.error.issues.map(({ path, message }) =>
    [`spec.provider.${[declaration.name, ...path.map(String)].join('.')}`, message].join(': '),
  );
  throw new InvalidProviderConfigError(issues.join('; '));
}
