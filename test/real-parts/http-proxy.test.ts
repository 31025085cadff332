import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, test } from 'node:test';
import { HttpProxy } from './http-proxy.ts';
import type { SeenRequest } from './http-proxy.ts';

const backend = createServer((request, response) => {
  void request.toArray().then((chunks) => {
    const added = request.headersDistinct['x-added']?.join() ?? '';
    const text = `${request.method} ${request.url} ${added} ${Buffer.concat(chunks).toString()}`;
    return response.writeHead(201, { 'x-backend': 'yes' }).end(text);
  });
});
await new Promise<void>((done) => backend.listen(0, '127.0.0.1', done));
const target = `http://127.0.0.1:${(backend.address() as AddressInfo).port}`;

const seen: SeenRequest[] = [];
const proxy = new HttpProxy({
  target,
  addHeaders: { 'x-added': 'a' },
  onRequest: (request) => {
    seen.push(request);
    return request.url === '/no' ? { status: 418, headers: { 'x-canned': 'yes' }, body: 'no' } : undefined;
  },
});
await proxy.start();
after(async () => {
  await proxy.stop();
  backend.close();
});

test('requests and answers pass whole, with the added header', async () => {
  const answer = await fetch(`${proxy.url}/path?q=1`, { method: 'PUT', body: 'text' });
  assert.deepEqual([answer.status, answer.headers.get('x-backend')], [201, 'yes']);
  assert.equal(await answer.text(), 'PUT /path?q=1 a text');
  assert.equal(seen.at(-1)?.body.toString(), 'text');
});

test('an answer of its own never reaches the backend', async () => {
  const answer = await fetch(`${proxy.url}/no`);
  assert.deepEqual([answer.status, answer.headers.get('x-backend'), await answer.text()], [418, null, 'no']);
});

test('stopped it refuses connections, and it comes back on the same address', async () => {
  const { url } = proxy;
  await proxy.stop();
  await assert.rejects(fetch(`${url}/path`));
  await proxy.start();
  assert.equal(proxy.url, url);
  assert.equal((await fetch(`${url}/path`)).status, 201);
});
