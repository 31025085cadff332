/**
 * Writing by webhook (`providers.md` 6.3). What is there cannot be compared with, so that every push sends: the caller sends
 * only what changed in the cluster (D31). The templates are those of reads, with these members of `.remoteRef`:
 *
 *   push    remoteKey, secretKey and property (where set), namespace, and the value under the name of the remote key
 *   remove  remoteKey, property (where set), namespace
 */
import { InvalidRefError, SecretNotFoundError } from '../errors.ts';
import type { Push, PushEntry, PushOutcome } from '../provider.ts';
import { entryValue } from '../push-values.ts';
import type { WebhookCaller } from './caller.ts';
import { checkRef, targetOf } from './target.ts';
import type { RenderedTarget, Templates } from './templates.ts';

export interface WebhookPushParts {
  readonly templates: Templates;
  readonly caller: WebhookCaller;
  /** The consumer's. */
  readonly namespace: string;
}

interface Call extends RenderedTarget {
  readonly method: string;
  readonly body?: Uint8Array | undefined;
}

export class WebhookPush {
  readonly #parts: WebhookPushParts;

  constructor(parts: WebhookPushParts) {
    this.#parts = parts;
  }

  /** One request per entry, in order: what a request can hold is the server's affair. */
  async push(push: Push, method: string, signal: AbortSignal): Promise<PushOutcome> {
    const { remoteKey, entries, source } = push;
    const { templates } = this.#parts;
    for (const entry of entries) {
      const value = entryValue(source, entry).reveal();
      const members = new Map<string, string | Uint8Array>([[remoteKey, value], ...this.#members(remoteKey, entry)]);
      const target = await templates.target(members, signal);
      const body = (await templates.body(members, signal)) ?? value;
      await this.#send({ ...target, method, body }, remoteKey, signal);
    }
    return 'updated';
  }

  /** One request for each different request that the templates make of the entries: gone already is as good. */
  async remove({ remoteKey, entries }: Pick<Push, 'remoteKey' | 'entries'>, signal: AbortSignal): Promise<void> {
    const sent = new Set<string>();
    for (const { property } of entries) {
      const members = this.#members(remoteKey, { secretKey: undefined, property });
      const target = await this.#parts.templates.target(members, signal);
      const request = JSON.stringify([target.url, target.headers]);
      if (sent.has(request)) continue;
      sent.add(request);
      await this.#send({ ...target, method: 'DELETE' }, remoteKey, signal);
    }
  }

  /** @throws InvalidRefError for keys that climb */
  #members(remoteKey: string, { secretKey, property }: Pick<PushEntry, 'secretKey' | 'property'>): Map<string, string> {
    const { namespace } = this.#parts;
    checkRef({ key: remoteKey, version: '', property: property ?? '', namespace });
    const members = new Map([
      ['remoteKey', remoteKey],
      ['namespace', namespace],
    ]);
    if (secretKey !== undefined && secretKey !== '') members.set('secretKey', secretKey);
    if (property !== undefined && property !== '') members.set('property', property);
    return members;
  }

  async #send({ url, method, headers, body }: Call, remoteKey: string, signal: AbortSignal): Promise<void> {
    try {
      await this.#parts.caller.call({ url: targetOf(url), method, headers, body }, remoteKey, signal);
    } catch (error) {
      if (!(error instanceof SecretNotFoundError)) throw error;
      if (method === 'DELETE') return;
      throw new InvalidRefError(`${error.message}: there is nothing that takes a ${method} at that URL`, {
        code: error.code,
      });
    }
  }
}
