/**
 * The tokens that the sandbox's Vault has issued: their life by the injected clock, their uses, their children.
 */
import { randomBytes, randomUUID } from 'node:crypto';
import type { Clock } from '../../src/clock.ts';
import { durationMs } from './duration.ts';
import { flag, isObject, text, texts, type JsonBody } from './json.ts';

/** Vault's own defaults: 768 h. */
export const LONGEST_TTL_MS = 2_764_800_000;

export interface Token {
  readonly id: string;
  readonly accessor: string;
  readonly policies: readonly string[];
  /** Where it came from, e.g. `auth/approle/login`. */
  readonly path: string;
  readonly displayName: string;
  readonly type: 'service' | 'batch';
  readonly renewable: boolean;
  readonly orphan: boolean;
  readonly parent: string | undefined;
  readonly entityId: string;
  readonly metadata: Readonly<Record<string, string>> | null;
  readonly issuedAt: number;
  readonly creationTtlMs: number;
  readonly periodMs: number;
  readonly explicitMaxMs: number;
  /** The latest end that renewing can reach; Infinity for periodic tokens. */
  readonly latestEnd: number;
  readonly numUses: number;
  usesLeft: number;
  /** Infinity: never. */
  expiresAt: number;
}

/** The fields that roles of all auth methods and `auth/token/create` share. */
export interface TokenTerms {
  readonly policies: readonly string[];
  readonly ttlMs: number;
  readonly maxTtlMs: number;
  readonly explicitMaxMs: number;
  readonly periodMs: number;
  readonly numUses: number;
  readonly noDefaultPolicy: boolean;
  readonly type: 'service' | 'batch';
  readonly renewable: boolean;
}

/** Reads `token_*` and the old names without the prefix. */
export function termsOf(body: JsonBody): TokenTerms {
  const pick = (name: string): unknown => body[`token_${name}`] ?? body[name];
  const policies = texts(body, body['token_policies'] === undefined ? 'policies' : 'token_policies');
  return {
    policies,
    ttlMs: durationMs(pick('ttl')),
    maxTtlMs: durationMs(pick('max_ttl')),
    explicitMaxMs: durationMs(pick('explicit_max_ttl')),
    periodMs: durationMs(pick('period')),
    numUses: Number(pick('num_uses') ?? 0),
    noDefaultPolicy: flag(body, 'token_no_default_policy') || flag(body, 'no_default_policy'),
    type: pick('type') === 'batch' ? 'batch' : 'service',
    renewable: body['renewable'] !== false,
  };
}

export interface Issue {
  readonly terms: TokenTerms;
  readonly path: string;
  readonly displayName: string;
  readonly metadata?: Readonly<Record<string, string>>;
  readonly parent?: string;
  readonly entityId?: string;
  readonly id?: string;
}

export class TokenStore {
  readonly #clock: Clock;
  readonly #tokens = new Map<string, Token>();

  constructor(clock: Clock, rootToken: string) {
    this.#clock = clock;
    this.#tokens.set(rootToken, { ...this.#plain('token', rootToken), policies: ['root'], expiresAt: Infinity });
  }

  issue(issue: Issue): Token {
    const { terms } = issue;
    const now = this.#clock.now();
    const limits = [terms.maxTtlMs, terms.explicitMaxMs, LONGEST_TTL_MS].filter((limit) => limit > 0);
    const longest = Math.min(...limits);
    const isPeriodic = terms.periodMs > 0;
    const ttlMs = isPeriodic ? terms.periodMs : Math.min(terms.ttlMs > 0 ? terms.ttlMs : LONGEST_TTL_MS, longest);
    const policies = [...new Set([...(terms.noDefaultPolicy ? [] : ['default']), ...terms.policies])].sort();
    const token: Token = {
      ...this.#plain(issue.displayName, issue.id ?? newId(terms.type)),
      policies: policies.includes('root') ? ['root'] : policies,
      path: issue.path,
      type: terms.type,
      accessor: terms.type === 'batch' ? '' : randomBytes(12).toString('hex'),
      renewable: terms.type === 'service' && terms.renewable,
      orphan: issue.parent === undefined,
      parent: issue.parent,
      entityId: issue.entityId ?? '',
      metadata: issue.metadata ?? null,
      creationTtlMs: ttlMs,
      periodMs: terms.periodMs,
      explicitMaxMs: terms.explicitMaxMs,
      latestEnd: isPeriodic && terms.explicitMaxMs === 0 ? Infinity : now + longest,
      numUses: terms.numUses,
      usesLeft: terms.numUses > 0 ? terms.numUses : Infinity,
      expiresAt: now + ttlMs,
    };
    this.#tokens.set(token.id, token);
    return token;
  }

  /** The token if it is alive. */
  get(id: string): Token | undefined {
    const token = this.#tokens.get(id);
    if (token === undefined) return undefined;
    const parentIsGone = token.parent !== undefined && this.get(token.parent) === undefined;
    if (this.#clock.now() < token.expiresAt && token.usesLeft > 0 && !parentIsGone) return token;
    this.#tokens.delete(id);
    return undefined;
  }

  /** Batch tokens have none. */
  accessors(): readonly string[] {
    return [...this.#tokens.keys()].flatMap((id) => this.get(id)?.accessor || []);
  }

  byAccessor(accessor: string): Token | undefined {
    const found = [...this.#tokens.values()].find((token) => token.accessor === accessor);
    return found === undefined ? undefined : this.get(found.id);
  }

  revoke(id: string): void {
    this.#tokens.delete(id);
  }

  /** @returns the granted life in milliseconds. */
  renew(token: Token, incrementMs: number): number {
    const now = this.#clock.now();
    const wanted = token.periodMs > 0 ? token.periodMs : incrementMs > 0 ? incrementMs : token.creationTtlMs;
    token.expiresAt = Math.min(now + wanted, token.latestEnd);
    return token.expiresAt - now;
  }

  /** Living tokens without the root token. */
  live(): readonly Token[] {
    return [...this.#tokens.keys()]
      .map((id) => this.get(id))
      .filter((token) => token !== undefined && !isRoot(token)) as Token[];
  }

  #plain(displayName: string, id: string): Token {
    const now = this.#clock.now();
    return {
      id,
      accessor: randomBytes(12).toString('hex'),
      policies: [],
      path: 'auth/token/create',
      displayName,
      type: 'service',
      renewable: false,
      orphan: true,
      parent: undefined,
      entityId: '',
      metadata: null,
      issuedAt: now,
      creationTtlMs: 0,
      periodMs: 0,
      explicitMaxMs: 0,
      latestEnd: Infinity,
      numUses: 0,
      usesLeft: Infinity,
      expiresAt: Infinity,
    };
  }
}

export function isRoot(token: Token): boolean {
  return token.policies.includes('root');
}

/** The `auth` block of a login's answer. */
export function authBlock(token: Token, leaseMs = token.creationTtlMs): object {
  return {
    client_token: token.id,
    accessor: token.accessor,
    policies: token.policies,
    token_policies: token.policies,
    metadata: token.metadata,
    lease_duration: Math.floor(leaseMs / 1000),
    renewable: token.renewable,
    entity_id: token.entityId,
    token_type: token.type,
    orphan: token.orphan,
    mfa_requirement: null,
    num_uses: token.numUses,
  };
}

function newId(type: 'service' | 'batch'): string {
  return `${type === 'batch' ? 'hvb' : 'hvs'}.${randomBytes(48).toString('base64url')}`;
}

/** An identity for everyone who logs in, the same for the same name. */
export class Entities {
  readonly #ids = new Map<string, string>();

  idOf(name: string): string {
    const id = this.#ids.get(name) ?? randomUUID();
    this.#ids.set(name, id);
    return id;
  }
}

export function metadataOf(body: JsonBody): Record<string, string> | undefined {
  const meta = body['meta'];
  return isObject(meta) ? Object.fromEntries(Object.keys(meta).map((name) => [name, text(meta, name)])) : undefined;
}
