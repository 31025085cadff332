/** Passes bytes on to one server and can drop every connection: how a watch is broken on a real API server. */
import { connect, createServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';

export class TcpProxy {
  readonly #server: Server;
  readonly #clients = new Set<Socket>();

  constructor(targetPort: number) {
    this.#server = createServer({ allowHalfOpen: false }, (client) => {
      this.#clients.add(client);
      const server = connect(targetPort, '127.0.0.1');
      client.pipe(server).pipe(client);
      client.once('close', () => {
        this.#clients.delete(client);
        server.destroy();
      });
      server.once('close', () => client.destroy());
      // An error is always followed by 'close', which is what counts.
      client.on('error', () => {});
      server.on('error', () => {});
    });
  }

  /** Listens on a free port of the loopback interface and returns it. */
  async start(): Promise<number> {
    await new Promise<void>((done) => this.#server.listen(0, '127.0.0.1', done));
    return (this.#server.address() as AddressInfo).port;
  }

  /** Ends (FIN) or resets (RST) the client's side of every open connection. */
  drop(how: 'end' | 'reset'): void {
    for (const client of this.#clients) {
      if (how === 'reset') client.resetAndDestroy();
      else client.destroySoon();
    }
  }

  async stop(): Promise<void> {
    for (const client of this.#clients) client.destroy();
    await new Promise((done) => this.#server.close(done));
  }
}
