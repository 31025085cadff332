import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { ManualClock } from '../../test/builders/manual-clock.ts';
import { startVault, type SandboxVault } from './server.ts';

const MINUTE = 60_000;

describe('the sandbox’s Vault', () => {
  let clock: ManualClock;
  let vault: SandboxVault;
  beforeEach(async () => {
    clock = new ManualClock();
    vault = await startVault({ clock });
  });
  afterEach(() => vault.stop());

  async function get(
    path: string,
    token = vault.rootToken,
  ): Promise<{ status: number; body: Record<string, unknown> }> {
    const response = await fetch(`${vault.address}/v1/${path}`, { headers: { 'x-vault-token': token } });
    return { status: response.status, body: (await response.json()) as Record<string, unknown> };
  }

  async function newToken(body: object): Promise<string> {
    const answer = (await vault.api('POST', 'auth/token/create', body)) as { auth: { client_token: string } };
    return answer.auth.client_token;
  }

  it('lets tokens expire by the injected clock, children with their parents', async () => {
    const parent = await newToken({ policies: ['root'], ttl: '10m' });
    const made = await fetch(`${vault.address}/v1/auth/token/create`, {
      method: 'POST',
      headers: { 'x-vault-token': parent },
      body: JSON.stringify({ ttl: '1h', policies: ['default'] }),
    });
    const child = ((await made.json()) as { auth: { client_token: string } }).auth.client_token;
    await clock.advance(9 * MINUTE);
    assert.equal((await get('auth/token/lookup-self', child)).status, 200);
    assert.equal(vault.liveTokens(), 1, 'root-like tokens are not counted');
    await clock.advance(MINUTE);
    assert.equal((await get('auth/token/lookup-self', child)).status, 403);
    assert.equal(vault.liveTokens(), 0);
  });

  it('renews up to the longest life and not beyond', async () => {
    const token = await newToken({ policies: ['default'], ttl: '10m', explicit_max_ttl: '15m' });
    await clock.advance(8 * MINUTE);
    const renewed = await fetch(`${vault.address}/v1/auth/token/renew-self`, {
      method: 'PUT',
      headers: { 'x-vault-token': token },
    });
    assert.equal(((await renewed.json()) as { auth: { lease_duration: number } }).auth.lease_duration, 7 * 60);
    await clock.advance(7 * MINUTE);
    assert.equal((await get('auth/token/lookup-self', token)).status, 403);
  });

  it('keeps every digit on KV version 1', async () => {
    await vault.api('POST', 'sys/mounts/kv1', { type: 'kv' });
    await fetch(`${vault.address}/v1/kv1/n`, {
      method: 'PUT',
      headers: { 'x-vault-token': 'root' },
      body: '{"n":12345678901234567890,"f":1.50}',
    });
    const answer = await fetch(`${vault.address}/v1/kv1/n`, { headers: { 'x-vault-token': 'root' } });
    assert.match(await answer.text(), /"data":\{"f":1\.50,"n":12345678901234567890\}/);
  });

  it('counts calls by method and path, its own helpers not', async () => {
    await vault.put('secret', 'db', { user: 'u' });
    await get('secret/data/db');
    await get('secret/data/db');
    await get('secret/metadata?list=true');
    assert.deepEqual(
      [...(await vault.calls())],
      [
        ['GET secret/data/db', 2],
        ['LIST secret/metadata', 1],
      ],
    );
    await vault.resetCalls();
    assert.equal((await vault.calls()).size, 0);
  });

  it('fails on request and heals', async () => {
    await vault.put('secret', 'db', { user: 'u' });
    for (const [status, message] of [
      [403, 'permission denied'],
      [429, 'quota'],
      [503, 'sealed'],
      [500, 'internal error'],
    ] as const) {
      await vault.fault('GET secret/data/db', status);
      const answer = await get('secret/data/db');
      assert.equal(answer.status, status);
      assert.match(String(answer.body['errors']), new RegExp(message));
      await vault.heal();
    }
    assert.equal((await get('secret/data/db')).status, 200);
  });

  it('does not answer while it is slow', async () => {
    await vault.fault('GET sys/health', 'slow');
    const answer = get('sys/health');
    const first = await Promise.race([
      answer.then(() => 'answer'),
      new Promise((resolve) => setTimeout(resolve, 20, 'nothing')),
    ]);
    assert.equal(first, 'nothing');
    await vault.heal();
    assert.equal((await answer).status, 200);
  });

  it('comes back on the same address with what it knew', async () => {
    await vault.put('secret', 'db', { user: 'u' });
    const before = vault.address;
    await vault.stop();
    await assert.rejects(get('secret/data/db'));
    await vault.start();
    assert.equal(vault.address, before);
    assert.equal((await get('secret/data/db')).status, 200);
  });

  it('says so when something is not part of it', async () => {
    assert.equal((await get('sys/rekey/init')).status, 501);
  });
});
