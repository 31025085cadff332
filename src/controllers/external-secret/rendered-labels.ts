/**
 * Labels made by a template may hold a secret value, and the API server prints what it refuses. So we look first and name only the
 * label. Pure.
 */

/** Kubernetes' own rule for label values. */
const LABEL_VALUE = /^(?:[A-Za-z0-9](?:[-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?$/;

/** @throws Error naming every label whose value cannot be one */
export function checkLabelValues(labels: Readonly<Record<string, string>>): void {
  const bad = Object.keys(labels).filter((name) => !LABEL_VALUE.test(labels[name]!));
  if (bad.length === 0) return;
  const named = bad.map((name) => JSON.stringify(name)).join(', ');
  throw new Error(
    `metadata.labels: what is rendered for ${named} cannot be the value of a label (at most 63 letters, digits, "-", "_", "." with a letter or digit at both ends); use an annotation instead`,
  );
}
