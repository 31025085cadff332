import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { systemClock } from '../../src/clock.ts';
import { play, type Answer } from './fidelity.ts';
import { STEPS } from './fidelity.table.ts';
import { startReviewer } from './reviewer.fixture.ts';
import { startVault } from './server.ts';

const real = JSON.parse(readFileSync(new URL('fidelity.golden.json', import.meta.url), 'utf8')) as readonly Answer[];

async function sandboxAnswers(): Promise<readonly Answer[]> {
  const reviewer = await startReviewer();
  const vault = await startVault({ clock: systemClock });
  try {
    const given = {
      kube: reviewer.url,
      ca: '',
      pem: reviewer.pem,
      reviewer: reviewer.reviewerToken,
      good: reviewer.token('shop', 'shop-vault'),
      vault: reviewer.token('shop', 'shop-vault', ['vault']),
      foreign: reviewer.token('shop', 'foreign'),
      'foreign-vault': reviewer.token('shop', 'foreign', ['vault']),
      other: reviewer.token('other', 'shop-vault'),
    };
    return await play(STEPS, { address: vault.address, rootToken: vault.rootToken, given });
  } finally {
    await vault.stop();
    await reviewer.stop();
  }
}

describe('the sandbox answers as Vault 1.21.2 did', async () => {
  const answers = await sandboxAnswers();

  it('to the same requests', () =>
    assert.deepEqual(
      answers.map((answer) => answer.call),
      real.map((answer) => answer.call),
    ));

  for (const [at, expected] of real.entries()) {
    it(`${at + 1}. ${expected.call}`, () => assert.deepEqual(plain(answers[at]), expected));
  }
});

function plain(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value));
}
