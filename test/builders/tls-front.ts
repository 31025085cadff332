/** TLS in front of a plain server of this machine: what comes in is decrypted and passed on as it is. */
import { connect, type AddressInfo } from 'node:net';
import { createServer, type TLSSocket } from 'node:tls';
import type { PemPair } from '../../src/certificates/authority.ts';

export interface TlsFront extends AsyncDisposable {
  /** On loopback. */
  readonly port: number;
}

/** @param port of the plain server, on loopback */
export async function tlsFront({ cert, key }: PemPair, port: number): Promise<TlsFront> {
  const open = new Set<TLSSocket>();
  const server = createServer({ cert, key }, (client) => {
    const upstream = connect(port, '127.0.0.1');
    open.add(client);
    client.on('error', () => undefined).on('close', () => upstream.destroy());
    upstream.on('error', () => undefined).on('close', () => open.delete(client.destroy()));
    client.pipe(upstream).pipe(client);
  });
  server.on('tlsClientError', () => undefined);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    async [Symbol.asyncDispose]() {
      for (const socket of open) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
