/**
 * Keeps the webhook's certificates good: looks at both Secrets, decides (`renewal.ts`), writes what changed. The new
 * authority is stored before anything is signed with it or told to clients; each write is refused when somebody else
 * wrote meanwhile, and the next pass looks afresh.
 */
import type { Clock } from '../clock.ts';
import { secrets } from '../api/resources.ts';
import type { KubeClient, ObjectName } from '../kube/client.ts';
import { NotFoundError } from '../kube/errors.ts';
import type { Stored } from '../kube/types.ts';
import type { Log } from '../log.ts';
import { issueServer, makeAuthority, type PemPair } from './authority.ts';
import { authorityStep, bundleOf, serverStep, type Material } from './renewal.ts';
import { KEYS, materialOf, withTexts, type SecretObject } from './secrets.ts';

export interface KeeperOptions {
  readonly client: Pick<KubeClient, 'get' | 'update'>;
  /** What the webhook serves, and the authorities its clients are to trust. */
  readonly secret: ObjectName;
  /** The authority with its key; nobody else reads it (D40). */
  readonly authoritySecret: ObjectName;
  /** The name under which clients reach the webhook. */
  readonly dnsName: string;
  readonly clock: Clock;
  readonly log: Log;
  /** Whether every client has been told of this bundle, as far as can be seen now. */
  readonly isEverywhere: (bundle: string) => boolean;
}

/** API servers hear of a change a moment after it is stored; with several of them we see only one. */
export const SETTLE_MS = 10_000;
const FIELD_MANAGER = 'external-secrets-cert-controller';

export class CertificateKeeper {
  readonly #options: KeeperOptions;
  /** Since when the bundle has been everywhere. */
  #seen: { readonly bundle: string; readonly since: number } | undefined;

  constructor(options: KeeperOptions) {
    this.#options = options;
  }

  /** One pass. @returns when to look again because a new certificate waits for clients to be told; undefined: no hurry */
  async reconcile(signal: AbortSignal): Promise<number | undefined> {
    const { clock, secret, authoritySecret, dnsName } = this.#options;
    const [served, kept] = await Promise.all([this.#read(secret, signal), this.#read(authoritySecret, signal)]);
    const material = materialOf(served, kept);
    const now = clock.now();
    const authority = await this.#authority(material, kept, now, signal);
    const bundle = bundleOf(authority, material.bundle, now);
    const waitMs = bundle === material.bundle ? this.#untilEverywhere(bundle, now) : SETTLE_MS;
    const step = serverStep(material.server, { authority, bundle, dnsName, bundleIsEverywhere: waitMs === 0 }, now);
    const server = step === 'issue' ? await issueServer(authority, dnsName, now) : material.server;
    const texts = {
      [KEYS.bundle]: bundle,
      [KEYS.authorityKey]: undefined,
      [KEYS.cert]: server.cert,
      [KEYS.key]: server.key,
    };
    await this.#write(secret, withTexts(served, texts), signal);
    if (step === 'issue') this.#options.log.info({ secret: secret.name, dnsName }, 'issued a new server certificate');
    return step === 'wait' ? waitMs : undefined;
  }

  /** The authority to sign with, stored. */
  async #authority(material: Material, kept: Stored<SecretObject>, now: number, signal: AbortSignal): Promise<PemPair> {
    const { log, authoritySecret } = this.#options;
    const step = authorityStep(material, now);
    if (step === 'keep') return material.authority;
    const authority = step === 'inherit' ? material.inherited : await makeAuthority(now);
    const texts = { [KEYS.bundle]: authority.cert, [KEYS.authorityKey]: authority.key };
    await this.#write(authoritySecret, withTexts(kept, texts), signal);
    const message = step === 'inherit' ? 'took over the authority that was there' : 'made a new authority';
    log.info({ secret: authoritySecret.name }, message);
    return authority;
  }

  /** Milliseconds until the bundle counts as known to all; 0: it does now. */
  #untilEverywhere(bundle: string, now: number): number {
    if (!this.#options.isEverywhere(bundle)) {
      this.#seen = undefined;
      return SETTLE_MS;
    }
    if (this.#seen?.bundle !== bundle) this.#seen = { bundle, since: now };
    return Math.max(0, this.#seen.since + SETTLE_MS - now);
  }

  async #read(name: ObjectName, signal: AbortSignal): Promise<Stored<SecretObject>> {
    try {
      return await this.#options.client.get<SecretObject>(secrets, name, { signal });
    } catch (cause) {
      if (!(cause instanceof NotFoundError)) throw cause;
      const message = `Secret ${name.namespace}/${name.name} does not exist: the chart makes it, empty; apply it again`;
      throw new Error(message, { cause });
    }
  }

  async #write(name: ObjectName, changed: Stored<SecretObject> | undefined, signal: AbortSignal): Promise<void> {
    if (changed === undefined) return;
    const { metadata, type, data } = changed;
    const body: SecretObject = {
      metadata,
      ...(type === undefined ? {} : { type }),
      ...(data === undefined ? {} : { data }),
    };
    await this.#options.client.update<SecretObject>(secrets, body, { signal, fieldManager: FIELD_MANAGER });
    this.#options.log.debug({ secret: name.name }, 'wrote the Secret');
  }
}
