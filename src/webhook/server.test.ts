import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { connect as connectHttp2 } from 'node:http2';
import { Agent, request, type RequestOptions } from 'node:https';
import { after, afterEach, before, describe, test } from 'node:test';
import { connect as connectTls, type ConnectionOptions, type TLSSocket } from 'node:tls';
import { ManualClock } from '../../test/builders/manual-clock.ts';
import { issueServer, makeAuthority, type PemPair } from '../certificates/authority.ts';
import { systemClock, type Clock } from '../clock.ts';
import { silentLog } from '../log.ts';
import { LARGEST_BODY } from './body.ts';
import type { Verdict } from './review.ts';
import { AdmissionServer, type AdmissionServerOptions } from './server.ts';
import { tlsSettings } from './tls-settings.ts';

const PATH = '/validate';
const now = Date.now();
const authority = await makeAuthority(now);
const pair = await issueServer(authority, 'localhost', now);
const ALLOWED: Verdict = { allowed: true, code: 200, message: '', warnings: [] };

interface Said {
  readonly status: number;
  readonly body: string;
  readonly connection: string | undefined;
}

const agent = new Agent({ keepAlive: true, ca: authority.cert });
after(() => agent.destroy());

/** A review of so many bytes. */
function review(bytes = 0): string {
  const object = { metadata: { annotations: { a: 'x'.repeat(bytes) } } };
  const asked = { uid: 'u', kind: { group: 'g', version: 'v', kind: 'K' }, operation: 'CREATE', object };
  return JSON.stringify({ apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', request: asked });
}

let port = '';

type PostOptions = Omit<RequestOptions, 'headers'> & { readonly headers?: Readonly<Record<string, string | number>> };

function post(body: string, options: PostOptions = {}): Promise<Said> {
  return new Promise((resolve, reject) => {
    const headers = {
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(body),
      ...options.headers,
    };
    const sent = request(
      { host: 'localhost', port, path: PATH, method: 'POST', agent, ...options, headers },
      (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('end', () =>
          resolve({
            status: response.statusCode ?? 0,
            body: Buffer.concat(chunks).toString(),
            connection: response.headers.connection,
          }),
        );
      },
    );
    // A refused body may be cut off while it is still being sent; the answer has come before.
    sent.on('error', reject);
    sent.end(body);
  });
}

class Running {
  readonly server: AdmissionServer;
  readonly observed: string[] = [];
  readonly #abort = new AbortController();
  #ended: Promise<void> = Promise.resolve();

  constructor(options: Partial<AdmissionServerOptions> & { readonly judge?: () => Verdict } = {}) {
    this.server = new AdmissionServer({
      port: 0,
      pair: () => pair,
      tls: tlsSettings('1.2', []),
      http2: false,
      judges: new Map([[PATH, options.judge ?? (() => ALLOWED)]]),
      clock: systemClock,
      log: silentLog,
      observe: (path) => (code) => void this.observed.push(`${path} ${code}`),
      lingerMs: 0,
      ...options,
    });
  }

  async start(): Promise<this> {
    this.#ended = this.server.run(this.#abort.signal);
    port = new URL(await this.server.url).port;
    return this;
  }

  /** Tells it to stop; resolves when it has. */
  stop(): Promise<void> {
    this.#abort.abort();
    return this.#ended;
  }
}

describe('the admission server', () => {
  let running: Running;
  before(async () => {
    running = await new Running().start();
  });
  after(() => running.stop());

  test('answers a review, with any query, and counts it', async () => {
    const said = await post(review(), { path: `${PATH}?timeout=5s` });
    assert.equal(said.status, 200);
    assert.equal((JSON.parse(said.body) as { response: { uid: string } }).response.uid, 'u');
    assert.equal(running.observed.at(-1), `${PATH} 200`);
  });

  test('takes what an update of the largest objects needs, and no more', async () => {
    assert.equal((await post(review(LARGEST_BODY - 1000))).status, 200);
    assert.equal((await post('', { headers: { 'content-length': LARGEST_BODY + 1 } })).status, 413);
    assert.equal(running.observed.at(-1), `${PATH} 413`);
  });

  const strange: readonly [string, string, PostOptions, number][] = [
    ['no JSON', '{', {}, 400],
    ['no review', '{}', {}, 400],
    ['another type', review(), { headers: { 'content-type': 'text/plain' } }, 415],
    ['another method', '', { method: 'GET' }, 405],
    ['another path', review(), { path: '/mutate' }, 404],
  ];
  for (const [name, body, options, status] of strange) {
    test(`refuses ${name} in plain words`, async () => {
      const said = await post(body, options);
      assert.equal(said.status, status);
      assert.match(said.body, /^[\x20-\x7e]+\n$/);
    });
  }

  test('counts a body without length while it comes', async () => {
    const said = await new Promise<number>((resolve, reject) => {
      const headers = { 'content-type': 'application/json' };
      const sent = request({
        host: 'localhost',
        port,
        path: PATH,
        method: 'POST',
        ca: authority.cert,
        agent: false,
        headers,
      });
      sent.on('response', (response) => {
        resolve(response.statusCode ?? 0);
        sent.destroy();
      });
      sent.on('error', reject);
      for (let i = 0; i < 9; i++) sent.write('x'.repeat(1024 * 1024));
    });
    assert.equal(said, 413);
  });

  test('serves new connections with a new certificate, and keeps the old ones', async () => {
    const next: PemPair = await issueServer(authority, 'localhost', now);
    assert.equal((await post(review())).status, 200);
    running.server.serveWith(next);
    assert.equal((await post(review())).status, 200);
    const [first, second] = [await handshake({}), fingerprint(next)];
    assert.equal(first.fingerprint, second);
  });

  test('speaks TLS 1.2 and 1.3 and nothing older', async () => {
    for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
      assert.equal((await handshake({ minVersion: version, maxVersion: version })).protocol, version);
    }
    await assert.rejects(handshake({ minVersion: 'TLSv1.1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' }));
  });

  test('does not offer HTTP/2 unless told to', async () => {
    assert.equal((await handshake({ ALPNProtocols: ['h2', 'http/1.1'] })).alpn, 'http/1.1');
  });
});

test('an error inside is a 500 that tells nothing, and the server goes on', async () => {
  let fails = true;
  const judge = (): Verdict => {
    if (fails) throw new TypeError('s3cret');
    return ALLOWED;
  };
  const running = await new Running({ judge }).start();
  assert.deepEqual(await post(review()).then(({ status, body }) => [status, body]), [500, 'internal error\n']);
  fails = false;
  assert.equal((await post(review())).status, 200);
  await running.stop();
});

test('a body that does not come is not waited for', async () => {
  const clock = new ManualClock();
  const running = await new Running({ clock }).start();
  const said = post('', { headers: { 'content-length': 10 }, agent: false, ca: authority.cert });
  await until(() => clock.pendingTimers === 1);
  await clock.advance(10_000);
  assert.equal((await said).status, 408);
  const stopped = running.stop();
  await clock.advance(0);
  await stopped;
  assert.equal(clock.pendingTimers, 0);
});

test('the certificate and the versions of TLS follow the flags', async () => {
  const running = await new Running({ tls: tlsSettings('1.3', []) }).start();
  await assert.rejects(handshake({ maxVersion: 'TLSv1.2' }));
  await running.stop();
  const old = await new Running({ tls: tlsSettings('1.0', []) }).start();
  const { protocol } = await handshake({ minVersion: 'TLSv1', maxVersion: 'TLSv1', ciphers: 'DEFAULT@SECLEVEL=0' });
  assert.equal(protocol, 'TLSv1');
  await old.stop();
});

describe('with HTTP/2', () => {
  let running: Running;
  afterEach(() => running.stop());

  test('both versions are answered, and a client that stays does not hold up the stop', async () => {
    running = await new Running({ http2: true }).start();
    assert.equal((await handshake({ ALPNProtocols: ['h2', 'http/1.1'] })).alpn, 'h2');
    assert.equal((await post(review(), { agent: false, ca: authority.cert })).status, 200);
    const session = connectHttp2(`https://localhost:${port}`, { ca: authority.cert });
    const stream = session.request({ ':method': 'POST', ':path': PATH, 'content-type': 'application/json' });
    stream.end(review());
    const status = await new Promise((resolve) => stream.on('response', (headers) => resolve(headers[':status'])));
    assert.equal(status, 200);
    stream.resume();
  });
});

describe('after the stop', () => {
  test('requests are still taken for a while, and clients are asked to go elsewhere', async () => {
    const clock: Clock & ManualClock = new ManualClock();
    const running = await new Running({ clock, lingerMs: 5_000 }).start();
    assert.notEqual((await post(review())).connection, 'close');
    const stopped = running.stop();
    const late = await post(review());
    assert.deepEqual([late.status, late.connection], [200, 'close']);
    await clock.advance(5_000);
    await stopped;
    await assert.rejects(post(review()), { code: 'ECONNREFUSED' });
  });

  test('what is under way is finished', async () => {
    const running = await new Running().start();
    const body = review();
    const sent = request({
      host: 'localhost',
      port,
      path: PATH,
      method: 'POST',
      agent: false,
      ca: authority.cert,
      headers: { 'content-type': 'application/json', 'content-length': body.length },
    });
    sent.write(body.slice(0, 10));
    await new Promise((resolve) => sent.once('socket', (socket) => socket.once('secureConnect', resolve)));
    await until(() => running.server.isListening);
    const answered = new Promise<number>((resolve) =>
      sent.once('response', ({ statusCode = 0 }) => resolve(statusCode)),
    );
    // One round trip, so that the server certainly knows of it.
    await post(review());
    const stopped = running.stop();
    sent.end(body.slice(10));
    assert.equal(await answered, 200);
    await stopped;
  });
});

async function until(check: () => boolean): Promise<void> {
  while (!check()) await new Promise((resolve) => setImmediate(resolve));
}

function fingerprint({ cert }: PemPair): string {
  return new X509Certificate(cert).fingerprint256;
}

interface Handshake {
  readonly protocol: string | null;
  readonly alpn: string | false | null;
  readonly fingerprint: string | undefined;
}

function handshake(options: ConnectionOptions): Promise<Handshake> {
  return new Promise((resolve, reject) => {
    const socket: TLSSocket = connectTls({ host: 'localhost', port: Number(port), ca: authority.cert, ...options });
    socket.once('error', reject);
    socket.once('secureConnect', () => {
      const { fingerprint256 } = socket.getPeerCertificate();
      resolve({ protocol: socket.getProtocol(), alpn: socket.alpnProtocol, fingerprint: fingerprint256 });
      socket.destroy();
    });
  });
}
