/**
 * Names of Secret keys made from names at a backend: conversion and the last check before they are used
 * (`behaviour.md` 1.6). Pure.
 */
import type { SecretValue } from '../../secret-value.ts';
import { byBytes } from './hash.ts';

export type ConversionStrategy = 'Default' | 'Unicode';
export type Entries = ReadonlyMap<string, SecretValue>;

const UNUSABLE = /[^\p{L}\p{N}\-._]/gu;
/** Kubernetes' own limit. */
const LONGEST_KEY_BYTES = 253;

/** Replaces what a Secret key cannot hold. @throws Error when two names become one. */
export function convertKeys(entries: Entries, strategy: ConversionStrategy): Entries {
  const converted = new Map<string, SecretValue>();
  for (const [key, value] of entries) {
    const name = convertKey(key, strategy);
    if (converted.has(name)) {
      throw new Error(
        `the key "${key}" becomes "${name}" by conversionStrategy ${strategy}, which another key became before; rename one of them or use rewrite`,
      );
    }
    converted.set(name, value);
  }
  return converted;
}

export function convertKey(key: string, strategy: ConversionStrategy): string {
  return key.replace(UNUSABLE, (character) =>
    strategy === 'Default' ? '_' : `_U${character.codePointAt(0)!.toString(16).padStart(4, '0')}_`,
  );
}

/**
 * Drops empty keys and refuses what no Secret can hold. Letters beyond ASCII are refused here, by name, rather than by the
 * API server for the whole Secret.
 */
export function checkKeys(entries: Entries): Entries {
  const usable = new Map<string, SecretValue>();
  for (const [key, value] of entries) {
    if (key === '') continue;
    const bytes = Buffer.byteLength(key);
    if (bytes > LONGEST_KEY_BYTES) {
      throw new Error(
        `the key "${key.slice(0, 40)}…" is ${bytes} bytes long; a Secret's key has at most ${LONGEST_KEY_BYTES}: shorten it with rewrite`,
      );
    }
    const bad = /[^-._a-zA-Z0-9]/u.exec(key);
    if (bad !== null) {
      throw new Error(
        `the key "${key}" holds "${bad[0]}"; a Secret's key may hold only letters, digits, "-", "_" and ".": rename it with rewrite`,
      );
    }
    usable.set(key, value);
  }
  return usable;
}

/** Keys in byte order: whatever depends on order must not depend on what a backend happened to send first. */
export function sortedKeys(entries: Entries): readonly string[] {
  return [...entries.keys()].sort(byBytes);
}
