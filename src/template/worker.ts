/** Entry of the rendering worker: takes one job at a time, renders it with generous limits, answers. */
import { parentPort } from 'node:worker_threads';
import { TemplateError, renderTemplate, renderValueTemplate, WORKER_LIMITS } from './library.ts';
import type { Answer, Job } from './worker-protocol.ts';

function render({ source, data, nowMs, ...options }: Job): Answer {
  const settings = { ...options, limits: WORKER_LIMITS, clock: { now: () => nowMs } };
  try {
    const output =
      data.kind === 'flat'
        ? renderTemplate(source, data.map, settings)
        : renderValueTemplate(source, data.value, settings);
    return { output };
  } catch (error) {
    if (error instanceof TemplateError) return { error: describe(error) };
    return { error: { class: 'exec', message: 'the template engine failed', reason: 'template' } };
  }
}

function describe(error: TemplateError): Extract<Answer, { error: unknown }>['error'] {
  const { message, position, reason } = error;
  return { class: error.class, message, reason, ...(position === undefined ? {} : { position }) };
}

parentPort?.on('message', (job: Job) => {
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a worker thread, not a window
  parentPort?.postMessage(render(job));
});
