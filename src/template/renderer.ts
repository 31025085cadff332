/**
 * Renders templates that users wrote without ever holding up the event loop: small ones here, within a budget; what
 * exceeds it, and what makes keys or slow hashes, in a worker with a deadline.
 */
import { TemplateError } from './errors.ts';
import {
  parseTemplate,
  renderTemplate,
  renderValueTemplate,
  type ParsedTemplate,
  type TemplateData,
} from './library.ts';
import type { MissingKey } from './language/fields.ts';
import { WorkerPool, type SetTimer } from './worker-pool.ts';
import type { Job, JobData } from './worker-protocol.ts';

export interface RendererOptions {
  /** Where `now` comes from. Default: the machine's clock. */
  readonly clock?: { now(): number };
  /** Worker threads at most, as many again for templates that make keys; they start when needed. Default 2. */
  readonly workers?: number;
  /** Real time that a render in a worker may take, in milliseconds. Default 1,000. */
  readonly deadlineMs?: number;
  /** The same for templates that make keys or slow hashes. Default 30,000. */
  readonly slowDeadlineMs?: number;
  /** Milliseconds without work after which a worker stops. Default 10,000. */
  readonly idleMs?: number;
  /** Timers in real time. Default: setTimeout. */
  readonly setTimer?: SetTimer;
}

export interface RequestOptions {
  /** Names the template in errors. Default `template`. */
  readonly name?: string;
  readonly delimiters?: { readonly left: string; readonly right: string };
  /** Errors may quote the template: it stands in a manifest. Default true. */
  readonly showSource?: boolean;
  /** An absent key is an error (default) or prints `<no value>`. */
  readonly missingKey?: MissingKey;
  /** IANA name of the local zone. Default `UTC`. */
  readonly timeZone?: string;
  /** Gives up: a render in a worker is stopped. */
  readonly signal?: AbortSignal;
  /** Where `now` comes from in this render. Default: the renderer's clock. */
  readonly clock?: { now(): number };
}

/** Functions that take from a tenth of a second to seconds. */
const SLOW = /\b(?:gen(?:CA|PrivateKey|SelfSignedCert|SignedCert)|bcrypt|htpasswd|derivePassword)/;

const CACHED_TEMPLATES = 256;
/** Longer texts are parsed each time rather than kept. */
const LONGEST_CACHED = 64 * 1024;

export class TemplateRenderer {
  private readonly options: RendererOptions;
  private readonly clock: { now(): number };
  private readonly pool: WorkerPool;
  /** Templates that make keys may take half a minute: with workers of their own they make nobody else wait. */
  private readonly slowPool: WorkerPool;
  private readonly parsed = new Map<string, ParsedTemplate>();

  constructor(options: RendererOptions = {}) {
    this.options = options;
    this.clock = options.clock ?? Date;
    const lane = {
      size: options.workers ?? 2,
      idleMs: options.idleMs ?? 10_000,
      setTimer: options.setTimer ?? realTimer,
      workerUrl: workerUrl(import.meta.url),
    };
    this.pool = new WorkerPool(lane);
    this.slowPool = new WorkerPool(lane);
  }

  /**
   * Renders a template over a flat map of keys to bytes.
   * @throws TemplateError; the signal's reason when it aborts
   */
  render(
    source: Uint8Array | string,
    data: ReadonlyMap<string, Uint8Array>,
    options: RequestOptions = {},
  ): Promise<Uint8Array> {
    const here = (template: ParsedTemplate): Uint8Array =>
      renderTemplate(template, data, { clock: this.clock, ...options });
    return this.run(source, { kind: 'flat', map: data }, options, here);
  }

  /**
   * Renders a template over nested data.
   * @throws TemplateError; the signal's reason when it aborts
   */
  renderValue(source: Uint8Array | string, data: TemplateData, options: RequestOptions = {}): Promise<Uint8Array> {
    const here = (template: ParsedTemplate): Uint8Array =>
      renderValueTemplate(template, data, { clock: this.clock, ...options });
    return this.run(source, { kind: 'nested', value: data }, options, here);
  }

  /** Stops the workers. */
  async close(): Promise<void> {
    await Promise.all([this.pool.close(), this.slowPool.close()]);
  }

  private async run(
    source: Uint8Array | string,
    data: JobData,
    options: RequestOptions,
    here: (template: ParsedTemplate) => Uint8Array,
  ): Promise<Uint8Array> {
    options.signal?.throwIfAborted();
    const text = typeof source === 'string' ? source : Buffer.from(source).toString('latin1');
    const slow = SLOW.test(text);
    const template = this.parse(source, text, options);
    if (!slow) {
      try {
        return here(template);
      } catch (error) {
        if (!(error instanceof TemplateError) || error.reason !== 'budget') throw error;
      }
    }
    const job = this.job(source, data, options);
    if (slow) return this.slowPool.run(job, this.options.slowDeadlineMs ?? 30_000, options.signal);
    return this.pool.run(job, this.options.deadlineMs ?? 1_000, options.signal);
  }

  private job(source: Uint8Array | string, data: JobData, options: RequestOptions): Job {
    const { signal: _signal, clock = this.clock, ...rest } = options;
    return { source, data, ...rest, nowMs: clock.now() };
  }

  /** The parsed template, from a cache of those used last. Parse errors are found before any worker is asked. */
  private parse(source: Uint8Array | string, text: string, options: RequestOptions): ParsedTemplate {
    const { name = '', delimiters, showSource = true } = options;
    const key = JSON.stringify([typeof source, name, delimiters?.left, delimiters?.right, showSource, text]);
    const known = this.parsed.get(key);
    const template = known ?? parseTemplate(source, options);
    if (text.length > LONGEST_CACHED) return template;
    this.parsed.delete(key);
    this.parsed.set(key, template);
    const [oldest] = this.parsed.keys();
    if (this.parsed.size > CACHED_TEMPLATES && oldest !== undefined) this.parsed.delete(oldest);
    return template;
  }
}

function realTimer(ms: number, fn: () => void): { cancel(): void } {
  const handle = setTimeout(fn, ms);
  handle.unref();
  return { cancel: () => clearTimeout(handle) };
}

/** The worker's module: beside this one in the sources, `template-worker.mjs` beside the program once bundled. */
function workerUrl(here: string): URL {
  if (here.endsWith('.ts')) return new URL('./worker.ts', here);
  return new URL(here.includes('/chunks/') ? '../template-worker.mjs' : './template-worker.mjs', here);
}
