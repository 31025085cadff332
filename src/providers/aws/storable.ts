/**
 * What AWS cannot hold, told before it is asked, in words that name key and remedy.
 */
import { isUtf8 } from 'node:buffer';
import type { SecretValue } from '../../secret-value.ts';
import { InvalidRefError } from '../errors.ts';
import type { PushCall } from './create-or-update.ts';

/** @throws InvalidRefError when there is not a single byte: both services refuse that */
export function refuseEmpty({ key }: PushCall, value: SecretValue, service: string): void {
  if (value.size > 0) return;
  throw new InvalidRefError(
    `key "${key}": the value is empty, and ${service} holds no empty values; push it as a property, or leave the entry out`,
  );
}

/** The value as text. `remedy` says what to do with bytes. @throws InvalidRefError when it is none */
export function textOrRefuse({ key }: PushCall, value: SecretValue, remedy: string): string {
  if (isUtf8(value.reveal())) return value.revealText();
  throw new InvalidRefError(`key "${key}": the value has bytes that are no text; ${remedy}`);
}
