/**
 * A small endpoint on loopback through which test files, which are processes of their own, ask the process that owns the
 * parts to stop or start one of them: `POST /kube-apiserver/stop`.
 */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Control {
  readonly url: string;
  close(): Promise<void>;
}

/** `actions` by path, e.g. `{ '/kube-apiserver/stop': () => … }`. */
export async function startControl(actions: Readonly<Record<string, () => Promise<void>>>): Promise<Control> {
  const server = createServer((request, response) => {
    const answer = (status: number, text: string): void => void response.writeHead(status).end(text);
    const action = request.method === 'POST' ? actions[request.url ?? ''] : undefined;
    if (action === undefined) return answer(404, `no such action; there are ${Object.keys(actions).join(' ')}`);
    action().then(
      () => answer(204, ''),
      (error: unknown) => answer(500, String(error)),
    );
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () =>
      new Promise((done) => {
        server.close(() => done());
        server.closeAllConnections();
      }),
  };
}

/** Asks for an action and waits until it is done. */
export async function control(url: string, path: string): Promise<void> {
  const answer = await fetch(`${url}${path}`, { method: 'POST' });
  if (!answer.ok) throw new Error(`${path}: ${await answer.text()}`);
}
