/** Puts certificates in order, leaf to root, by their key identifiers alone. */
import { failure } from '../errors.ts';
import type { Certificate } from './certificate.ts';

/** A certificate that names itself, or nobody, as its issuer's key. */
export function isRoot(certificate: Certificate): boolean {
  const { authorityKeyId, subjectKeyId } = certificate;
  return authorityKeyId.length === 0 || authorityKeyId.equals(subjectKeyId);
}

/**
 * The certificates from the leaf on. The parent of one is the first other whose subject key id is its authority key
 * id (two absent ids are equal).
 * @throws Failure when they form no single chain
 */
export function orderChain(certificates: readonly Certificate[]): Certificate[] {
  const parents = new Map<Certificate, Certificate>();
  const hasChild = new Set<Certificate>();
  for (const certificate of certificates) {
    const parent = certificates.find((other) => {
      return other !== certificate && certificate.authorityKeyId.equals(other.subjectKeyId);
    });
    if (parent === undefined) continue;
    parents.set(certificate, parent);
    hasChild.add(parent);
  }
  const [leaf, ...others] = certificates.filter((certificate) => !hasChild.has(certificate));
  if (leaf === undefined) throw failure`no leaf certificate found`;
  if (others.length > 0) throw failure`found multiple leaf or disjunct certificates`;
  return follow(leaf, parents, certificates.length);
}

function follow(leaf: Certificate, parents: ReadonlyMap<Certificate, Certificate>, most: number): Certificate[] {
  const chain = [leaf];
  for (let next = parents.get(leaf); next !== undefined; next = parents.get(next)) {
    chain.push(next);
    if (chain.length > most) throw failure`constructing chain resulted in cycle`;
  }
  return chain;
}
