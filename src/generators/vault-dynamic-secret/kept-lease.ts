/**
 * A credential of this process: the token it was made with is still in our hands. That token, the lease and a token that was made are
 * renewed while the credential is in use; revoking our token takes everything away with it.
 */
import type { Clock } from '../../clock.ts';
import { numberMember, refusedCall, type OwnTokenSession, type VaultAnswer } from '../../providers/vault/own-token.ts';
import type { SecretValue } from '../../secret-value.ts';
import type { Lease } from '../generator.ts';
import { Life, nextRenewal, renewAll } from './life.ts';
import type { Made, MadeState } from './made.ts';

export function keepLease(session: OwnTokenSession, made: Made, clock: Clock): Lease {
  return new KeptLease(session, made, clock);
}

class KeptLease implements Lease {
  readonly id: string;
  readonly state: MadeState;
  readonly #session: OwnTokenSession;
  readonly #made: Made;
  readonly #clock: Clock;
  readonly #lives: readonly Life[];

  constructor(session: OwnTokenSession, made: Made, clock: Clock) {
    this.id = made.state.id;
    this.state = made.state;
    this.#session = session;
    this.#made = made;
    this.#clock = clock;
    this.#lives = this.#livesOf(made.state);
  }

  renewInMs(): number | undefined {
    return nextRenewal(this.#lives, this.#clock.now());
  }

  renew(signal: AbortSignal): Promise<void> {
    return renewAll(this.#lives, signal);
  }

  async revoke(signal: AbortSignal): Promise<void> {
    const session = this.#session;
    const { lease, token } = this.state;
    if (this.#isOurs) await revoked(session, { path: 'auth/token/revoke-self' }, signal, session.issued?.token);
    else if (lease !== undefined)
      await revoked(session, { path: 'sys/leases/revoke', body: { lease_id: lease.id } }, signal);
    else if (token !== undefined)
      await revoked(session, { path: 'auth/token/revoke-self' }, signal, this.#made.token?.token);
    await session.close();
  }

  async drop(): Promise<void> {
    await this.#session.close();
  }

  get #isOurs(): boolean {
    return this.#session.issued !== undefined && !this.#session.issued.isBatch;
  }

  #livesOf({ login, token, lease }: MadeState): readonly Life[] {
    const tokenLife = (seconds: number, value: SecretValue | undefined): Life =>
      new Life(this.#clock, seconds * 1000, async (signal) => (await this.#session.renew(value, signal))?.ttlMs);
    return [
      ...(login?.renewable === true && login.seconds > 0 ? [tokenLife(login.seconds, undefined)] : []),
      ...(token?.renewable === true && token.seconds > 0 ? [tokenLife(token.seconds, this.#made.token?.token)] : []),
      ...(lease?.renewable === true && lease.seconds > 0
        ? [new Life(this.#clock, lease.seconds * 1000, (signal) => renewLease(this.#session, lease.id, signal))]
        : []),
    ];
  }
}

/** The default policy of Vault allows this to every token. */
export async function renewLease(
  session: OwnTokenSession,
  leaseId: string,
  signal: AbortSignal,
): Promise<number | undefined> {
  const answer = await write(session, 'sys/leases/renew', { lease_id: leaseId }, signal);
  return answer.status >= 400 ? undefined : numberMember(answer.envelope, 'lease_duration') * 1000;
}

/** What Vault does not know (any more) is gone already. @throws ProviderError when it is not allowed or Vault cannot be reached */
export async function revoked(
  session: OwnTokenSession,
  { path, body = {} }: { readonly path: string; readonly body?: Readonly<Record<string, string>> },
  signal: AbortSignal,
  token?: SecretValue,
): Promise<void> {
  const answer = await write(session, path, body, signal, token);
  const isDead = path === 'auth/token/revoke-self' && answer.status === 403;
  if (answer.status < 400 || answer.status === 400 || answer.status === 404 || isDead) return;
  throw refusedCall(answer, 'PUT', path);
}

export function write(
  session: OwnTokenSession,
  path: string,
  body: Readonly<Record<string, string>>,
  signal: AbortSignal,
  token?: SecretValue,
): Promise<VaultAnswer> {
  const request = { call: 'WriteSecretData', method: 'PUT', path, body: JSON.stringify(body) } as const;
  return token === undefined ? session.send(request, signal) : session.send(request, signal, token);
}
