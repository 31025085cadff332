/**
 * A credential of an earlier process. Its tokens are known by accessor only, so each renewal and the revocation log in anew, for as long
 * as they take. They need rights that Vault's default policy does not give (`auth/token/renew-accessor`, `auth/token/revoke-accessor`,
 * `sys/leases/revoke`); without them the credential ends when the life that is left is over.
 */
import type { Clock } from '../../clock.ts';
import { PermissionDeniedError } from '../../providers/errors.ts';
import type { SessionContext } from '../../providers/provider.ts';
import { numberMember, OwnTokenSession, type VaultSpec } from '../../providers/vault/own-token.ts';
import type { Lease } from '../generator.ts';
import { renewLease, revoked, write } from './kept-lease.ts';
import { Life, nextRenewal, renewAll } from './life.ts';
import type { MadeState } from './made.ts';

/** When it was renewed last is not known: half of its life was left then, and this part of it may pass. */
const SOON = 0.1;
const NEVER = new AbortController().signal;

export class RestoredLease implements Lease {
  readonly id: string;
  readonly state: MadeState;
  readonly #contextFor: (signal: AbortSignal) => SessionContext<VaultSpec>;
  readonly #clock: Clock;
  readonly #lives: readonly Life[];

  constructor(state: MadeState, contextFor: (signal: AbortSignal) => SessionContext<VaultSpec>) {
    this.id = state.id;
    this.state = state;
    this.#contextFor = contextFor;
    this.#clock = contextFor(NEVER).clock;
    this.#lives = this.#livesOf(state);
  }

  renewInMs(): number | undefined {
    return nextRenewal(this.#lives, this.#clock.now());
  }

  renew(signal: AbortSignal): Promise<void> {
    return renewAll(this.#lives, signal);
  }

  /** @throws PermissionDeniedError when none of the ways to take it away is allowed */
  revoke(signal: AbortSignal): Promise<void> {
    return this.#loggedIn(signal, async (session) => {
      const { login, token, lease } = this.state;
      const ways = [
        ...(login === undefined ? [] : [byAccessor(login.accessor)]),
        ...(lease === undefined ? [] : [{ path: 'sys/leases/revoke', body: { lease_id: lease.id } }]),
        ...(token === undefined ? [] : [byAccessor(token.accessor)]),
      ];
      const denied: PermissionDeniedError[] = [];
      for (const way of ways) {
        try {
          return await revoked(session, way, signal);
        } catch (error) {
          if (!(error instanceof PermissionDeniedError)) throw error;
          denied.push(error);
        }
      }
      if (denied.length > 0) throw denied[0]!;
    });
  }

  async drop(): Promise<void> {}

  /** From 0 to 1, by the random id: after a restart not all are renewed at the same moment. */
  get #share(): number {
    return Number.parseInt(this.id.slice(0, 8), 16) / 2 ** 32 || 1;
  }

  #livesOf({ login, token, lease }: MadeState): readonly Life[] {
    const life = (
      seconds: number,
      renew: (session: OwnTokenSession, signal: AbortSignal) => Promise<number | undefined>,
    ) =>
      new Life(
        this.#clock,
        seconds * 1000,
        (signal) => this.#loggedIn(signal, (session) => renew(session, signal)),
        seconds * 1000 * SOON * this.#share,
      );
    const tokens = [login, token].filter((each) => each?.renewable === true && each.seconds > 0);
    return [
      ...tokens.map((each) =>
        life(each!.seconds, (session, signal) => renewByAccessor(session, each!.accessor, signal)),
      ),
      ...(lease?.renewable === true && lease.seconds > 0
        ? [life(lease.seconds, (session, signal) => renewLease(session, lease.id, signal))]
        : []),
    ];
  }

  async #loggedIn<T>(signal: AbortSignal, use: (session: OwnTokenSession) => Promise<T>): Promise<T> {
    const session = await OwnTokenSession.open(this.#contextFor(signal));
    try {
      return await use(session);
    } finally {
      await session.revoke(signal);
      await session.close();
    }
  }
}

function byAccessor(accessor: string): { path: string; body: Readonly<Record<string, string>> } {
  return { path: 'auth/token/revoke-accessor', body: { accessor } };
}

async function renewByAccessor(
  session: OwnTokenSession,
  accessor: string,
  signal: AbortSignal,
): Promise<number | undefined> {
  const answer = await write(session, 'auth/token/renew-accessor', { accessor }, signal);
  if (answer.status >= 400 || answer.auth === undefined) return undefined;
  return numberMember(answer.auth, 'lease_duration') * 1000;
}
