/**
 * Does a set of labels match a Kubernetes label selector? Pure. A selector that says nothing matches everything; one with
 * an operator we do not know matches nothing.
 */
interface LabelSelector {
  readonly matchLabels?: Readonly<Record<string, string>> | undefined;
  readonly matchExpressions?:
    | readonly { readonly key: string; readonly operator: string; readonly values?: readonly string[] | undefined }[]
    | undefined;
}

export function matchesSelector(selector: LabelSelector, labels: Readonly<Record<string, string>>): boolean {
  const equal = Object.entries(selector.matchLabels ?? {}).every(([key, value]) => labels[key] === value);
  return equal && (selector.matchExpressions ?? []).every((each) => matchesExpression(each, labels));
}

function matchesExpression(
  {
    key,
    operator,
    values = [],
  }: { readonly key: string; readonly operator: string; readonly values?: readonly string[] | undefined },
  labels: Readonly<Record<string, string>>,
): boolean {
  const value = labels[key];
  switch (operator) {
    case 'In':
      return value !== undefined && values.includes(value);
    case 'NotIn':
      return value === undefined || !values.includes(value);
    case 'Exists':
      return value !== undefined;
    case 'DoesNotExist':
      return value === undefined;
    default:
      return false;
  }
}

/** What is wrong with a selector that the API server's schema lets through; undefined when nothing is. */
export function selectorProblem(selector: LabelSelector): string | undefined {
  for (const [key, value] of Object.entries(selector.matchLabels ?? {})) {
    const problem = labelProblem(key, [value]);
    if (problem !== undefined) return problem;
  }
  for (const { key, operator, values = [] } of selector.matchExpressions ?? []) {
    if (!['In', 'NotIn', 'Exists', 'DoesNotExist'].includes(operator))
      return `operator ${JSON.stringify(operator)} of label "${key}" is not one of In, NotIn, Exists, DoesNotExist`;
    const needsValues = operator === 'In' || operator === 'NotIn';
    if (needsValues && values.length === 0) return `operator ${operator} of label "${key}" needs values`;
    if (!needsValues && values.length > 0) return `operator ${operator} of label "${key}" takes no values`;
    const problem = labelProblem(key, values);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

const NAME = /^[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/;
const PREFIX = /^(?=.{1,253}$)[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
const RULE = 'at most 63 letters, digits, "-", "_" and ".", with a letter or digit at both ends';

/** No object can carry such a label: it is a slip, not a selection of nothing. */
function labelProblem(key: string, values: readonly string[]): string | undefined {
  const slash = key.indexOf('/');
  const isKey = NAME.test(key.slice(slash + 1)) && (slash < 0 || PREFIX.test(key.slice(0, slash)));
  if (!isKey) return `key "${key}" is not a label key: a name of ${RULE}, optionally after a domain and "/"`;
  const isValid = values.every((value) => value === '' || NAME.test(value));
  return isValid ? undefined : `a value of label "${key}" is not a label value: ${RULE}, or nothing`;
}

/** The selector as a `labelSelector` parameter of the API server. */
export function formatSelector(selector: LabelSelector): string {
  const equal = Object.entries(selector.matchLabels ?? {}).map(([key, value]) => `${key}=${value}`);
  return [...equal, ...(selector.matchExpressions ?? []).map(formatExpression)].join(',');
}

function formatExpression({
  key,
  operator,
  values = [],
}: {
  readonly key: string;
  readonly operator: string;
  readonly values?: readonly string[] | undefined;
}): string {
  const listed = `(${values.join(',')})`;
  if (operator === 'In') return `${key} in ${listed}`;
  if (operator === 'NotIn') return `${key} notin ${listed}`;
  return operator === 'Exists' ? key : `!${key}`;
}
