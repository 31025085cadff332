/**
 * The table of requests that are put to the sandbox and to a real API server alike. Steps run in order, against one
 * namespace of their own; answers are compared after what differs by nature (UIDs, versions, times) is masked.
 */
import { definitionSteps, manyManagers, otherSteps } from './other-steps.ts';
import { configMapSteps, ruleSteps } from './secret-rules.ts';
import { secretSteps } from './secret-writes.ts';
import type { Step } from './step.ts';
import { widgetRuleSteps } from './widget-rules.ts';
import { widgetSteps } from './widget-writes.ts';

export const STEPS: readonly Step[] = [
  ...secretSteps,
  ...ruleSteps,
  ...configMapSteps,
  ...widgetSteps,
  ...widgetRuleSteps,
  ...manyManagers,
  ...definitionSteps,
  ...otherSteps,
];
