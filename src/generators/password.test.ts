import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { passwordSpec } from '../api/generators/password.ts';
import { password, passwordGenerator } from './password.ts';
import type { GeneratorContext } from './generator.ts';

const context = {} as GeneratorContext;

function made(spec: Record<string, unknown> = {}): string {
  return password(passwordSpec.parse(spec));
}

async function values(spec: Record<string, unknown>): Promise<Record<string, string>> {
  const { values } = await passwordGenerator.generate(passwordSpec.parse(spec), context);
  return Object.fromEntries([...values].map(([key, value]) => [key, value.revealText()]));
}

const count = (text: string, pattern: RegExp): number => text.match(pattern)?.length ?? 0;

describe('a password', () => {
  test('has exactly as many digits, symbols and letters as asked for, whatever is asked for', () => {
    for (let length = 1; length <= 60; length++) {
      const digits = length % 7;
      const symbols = length % 5;
      if (digits + symbols > length) continue;
      for (const noUpper of [true, false]) {
        const text = made({ length, digits, symbols, noUpper, allowRepeat: true });
        assert.equal(text.length, length);
        assert.equal(count(text, /[0-9]/g), digits);
        assert.equal(count(text, /[A-Za-z]/g), length - digits - symbols);
        if (noUpper) assert.equal(count(text, /[A-Z]/g), 0);
      }
    }
  });

  test('has 24 characters, 6 of them digits and 6 symbols, when nothing is said, or a length of 0 and below', () => {
    for (const spec of [{}, { length: 0 }, { length: -3 }]) {
      const text = made(spec);
      assert.equal(text.length, 24);
      assert.equal(count(text, /[0-9]/g), 6);
      assert.equal(count(text, /[A-Za-z]/g), 12);
    }
  });

  test('has no character twice unless that is allowed', () => {
    for (let round = 0; round < 200; round++) {
      const text = made({ length: 60, digits: 10, symbols: 10 });
      assert.equal(new Set(text).size, 60);
    }
  });

  test('takes symbols from the given set, and finds those that are no letters first', () => {
    assert.match(
      made({ length: 10, digits: 0, symbols: 4, symbolCharacters: '-_', allowRepeat: true }),
      /^[A-Za-z_-]{10}$/,
    );
    for (let round = 0; round < 50; round++) {
      const text = made({ length: 53, digits: 0, symbols: 1, symbolCharacters: 'abc!' });
      assert.equal(count(text, /!/g), 1);
    }
    assert.equal(count(made({ symbolCharacters: '' }), /[A-Za-z0-9]/g), 18);
  });

  const impossible: readonly (readonly [string, Record<string, unknown>, RegExp])[] = [
    ['more digits and symbols than characters', { length: 4, digits: 3, symbols: 2 }, /more than length/],
    ['a negative number', { digits: -1 }, /negative/],
    ['11 digits without repetition', { length: 30, digits: 11 }, /11 digits are wanted and only 10/],
    ['53 letters without repetition', { length: 53, digits: 0, symbols: 0 }, /53 letters are wanted and only 52/],
    ['27 small letters without repetition', { length: 27, digits: 0, symbols: 0, noUpper: true }, /27 letters/],
    ['more symbols than there are', { symbols: 3, symbolCharacters: '!?!' }, /3 symbols are wanted and only 2/],
    ['more than fits into a Secret', { length: 2_000_000, allowRepeat: true }, /the longest that fits/],
  ];
  for (const [name, spec, message] of impossible) {
    test(`is refused for ${name}`, () => assert.throws(() => made(spec), message));
  }

  test('of 44 characters needs other numbers than the default: 11 digits', () => {
    assert.throws(() => made({ length: 44 }), /11 digits/);
    assert.equal(made({ length: 43 }).length, 43);
  });

  test('is unbiased: each character and each place come up equally often', () => {
    const rounds = 20_000;
    const digits = new Map<string, number>();
    const places = new Map<number, number>();
    for (let round = 0; round < rounds; round++) {
      const text = made({ length: 5, digits: 1, symbols: 0 });
      const place = text.search(/[0-9]/);
      digits.set(text[place]!, (digits.get(text[place]!) ?? 0) + 1);
      places.set(place, (places.get(place) ?? 0) + 1);
    }
    // Chi-squared; the bounds are passed by chance once in about a hundred million runs.
    assert.ok(chiSquared(digits, 10, rounds) < 60);
    assert.ok(chiSquared(places, 5, rounds) < 50);
  });
});

function chiSquared(counts: ReadonlyMap<unknown, number>, kinds: number, total: number): number {
  const expected = total / kinds;
  const squares = [...counts.values()].map((observed) => (observed - expected) ** 2 / expected);
  return squares.reduce((sum, square) => sum + square, (kinds - counts.size) * expected);
}

describe('the Password generator', () => {
  test('makes one independent password for each key', async () => {
    const made = await values({ secretKeys: ['a', 'b', 'c'] });
    assert.deepEqual(Object.keys(made), ['a', 'b', 'c']);
    assert.equal(new Set(Object.values(made)).size, 3);
    assert.deepEqual(Object.keys(await values({})), ['password']);
  });

  test('refuses an empty key and a key that stands there twice', async () => {
    await assert.rejects(values({ secretKeys: ['a', ''] }), /a key is empty/);
    await assert.rejects(values({ secretKeys: ['a', 'a'] }), /"a" stands there twice/);
  });

  test('encodes the finished password', async () => {
    const shape: Record<string, RegExp> = {
      hex: /^[0-9a-f]{20}$/,
      base64: /^[A-Za-z0-9+/]{14}==$/,
      base64url: /^[A-Za-z0-9_-]{14}==$/,
      base32: /^[A-Z2-7]{16}$/,
      raw: /^.{10}$/,
    };
    for (const [encoding, pattern] of Object.entries(shape)) {
      assert.match((await values({ length: 10, encoding }))['password'] ?? '', pattern);
    }
  });
});
