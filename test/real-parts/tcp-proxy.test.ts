import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { after, test } from 'node:test';
import { TcpProxy } from './tcp-proxy.ts';

const echo = createServer((socket) => socket.on('error', () => {}).pipe(socket));
await new Promise<void>((done) => echo.listen(0, '127.0.0.1', done));
const proxy = new TcpProxy((echo.address() as AddressInfo).port);
const port = await proxy.start();
after(async () => {
  await proxy.stop();
  echo.close();
});

async function connected(): Promise<Socket> {
  const socket = connect(port, '127.0.0.1');
  socket.write('hello');
  const [data] = (await once(socket, 'data')) as [Buffer];
  assert.equal(data.toString(), 'hello');
  return socket;
}

test('a reset is an error at the client', async () => {
  const socket = await connected();
  proxy.drop('reset');
  const [error] = (await once(socket, 'error')) as [NodeJS.ErrnoException];
  assert.equal(error.code, 'ECONNRESET');
});

test('an end is a clean end at the client, and new connections work', async () => {
  const socket = await connected();
  proxy.drop('end');
  await once(socket, 'end');
  (await connected()).destroy();
});
