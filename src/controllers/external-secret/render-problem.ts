/** What a failed rendering means for the ExternalSecret. Pure. */
import { TemplateError } from '../../template/index.ts';
import { Problem } from './problem.ts';

/**
 * A template that exceeded its limits does so each time: it is not tried again and again, since every attempt keeps a worker busy up
 * to its deadline.
 */
export function renderProblem(error: unknown): Problem {
  const message = error instanceof Error ? error.message : 'unknown error';
  return new Problem('render', message, { cause: error, permanent: exceedsLimits(error) });
}

function exceedsLimits(error: unknown): boolean {
  if (error instanceof TemplateError) return error.reason !== 'template';
  return error instanceof Error && exceedsLimits(error.cause);
}
