import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { TerminalError } from '../runtime/errors.ts';
import { carries, definitionPatch, injectConfiguration, ourWebhooks, type ClientConfig } from './injection.ts';

const service = { name: 'hook', namespace: 'ns' };
const injected = { service, bundle: 'PEM' };
const caBundle = Buffer.from('PEM').toString('base64');
const metadata = { name: 'c', resourceVersion: '7' };
const configuration = (...clients: readonly (readonly [name: string, config: ClientConfig])[]) => ({
  metadata,
  webhooks: clients.map(([name, clientConfig]) => ({ name, clientConfig, sideEffects: 'None' })),
});

describe('a webhook configuration', () => {
  test('is told service and bundle; path, port and everything else stay', () => {
    const before = configuration([
      'validate.x.external-secrets.io',
      { service: { name: 'a', path: '/p', port: 8443 } },
    ]);
    const after = injectConfiguration(before, injected);
    assert.deepEqual(after?.webhooks, [
      {
        name: 'validate.x.external-secrets.io',
        clientConfig: { service: { name: 'hook', namespace: 'ns', path: '/p', port: 8443 }, caBundle },
        sideEffects: 'None',
      },
    ]);
    assert.equal(injectConfiguration(after, injected), undefined);
    assert.equal(carries(after, 'PEM'), true);
    assert.equal(carries(after, 'PEM of another'), false);
  });

  test('that is called by URL keeps it', () => {
    const before = configuration(['validate.x.external-secrets.io', { url: 'https://localhost/p' }]);
    assert.deepEqual(injectConfiguration(before, injected)?.webhooks?.[0]?.clientConfig, {
      url: 'https://localhost/p',
      caBundle,
    });
  });

  test('of somebody else is none of our business', () => {
    const before = configuration(['x.example.org', {}]);
    assert.equal(injectConfiguration(before, injected), undefined);
    assert.equal(ourWebhooks(before), 0);
    assert.equal(injectConfiguration({ metadata }, injected), undefined);
  });
});

describe('a definition', () => {
  const definition = (conversion?: object) => ({ metadata, spec: conversion === undefined ? {} : { conversion } });

  test('without conversion is left alone', () => {
    assert.equal(definitionPatch(definition(), injected), undefined);
    assert.equal(definitionPatch(definition({ strategy: 'None', webhook: {} }), injected), undefined);
  });

  test('with conversion is told, under the condition that nobody changed it meanwhile', () => {
    const clientConfig = { service: { name: 'a', namespace: 'b', path: '/convert' } };
    const patch = definitionPatch(definition({ strategy: 'Webhook', webhook: { clientConfig } }), injected);
    assert.deepEqual(patch, {
      metadata: { resourceVersion: '7' },
      spec: { conversion: { webhook: { clientConfig: { service: { ...service, path: '/convert' }, caBundle } } } },
    });
    const told = { service: { ...service, path: '/convert' }, caBundle };
    assert.equal(
      definitionPatch(definition({ strategy: 'Webhook', webhook: { clientConfig: told } }), injected),
      undefined,
    );
  });

  test('whose conversion names no webhook is an error that says so', () => {
    assert.throws(() => definitionPatch(definition({ strategy: 'Webhook' }), injected), TerminalError);
  });
});
