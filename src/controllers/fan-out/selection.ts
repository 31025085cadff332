/** Which namespaces a cluster-wide object means. Pure. */
import type { LabelSelector } from '../../api/selectors.ts';
import { matchesSelector, selectorProblem } from '../label-selector.ts';
import type { Wanted } from './kind.ts';

export interface SelectableNamespace {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
}

const NAME_LABEL = 'kubernetes.io/metadata.name';

export function selects({ selectors, names }: Wanted, { name, labels }: SelectableNamespace): boolean {
  return (
    names.includes(labels[NAME_LABEL] ?? name) ||
    selectors.some(({ selector }) => selectorProblem(selector) === undefined && matchesSelector(selector, labels))
  );
}

/** What is wrong with the selectors that the API server's schema lets through. */
export function selectionProblem({ selectors }: Wanted): string | undefined {
  for (const { field, selector } of selectors) {
    const problem = selectorProblem(selector);
    if (problem !== undefined) return `${field}: ${problem}`;
  }
  return undefined;
}

/** `spec.namespaceSelectors`, with the place of each. */
export function selectorList(selectors: readonly LabelSelector[]): Wanted['selectors'] {
  return selectors.map((selector, index) => ({ field: `spec.namespaceSelectors[${index}]`, selector }));
}
