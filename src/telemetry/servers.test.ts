import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { get as httpsGet } from 'node:https';
import { connect as http2Connect } from 'node:http2';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, it } from 'node:test';
import { ManualClock } from '../../test/builders/manual-clock.ts';
import { silentLog } from '../log.ts';
import { parseAddress } from './address.ts';
import { reviewAuthorizer } from './authorizer.ts';
import { cacheFilled, healthServer, watchLoopTurns, type HealthCheck } from './health.ts';
import type { HttpPart } from './http-server.ts';
import { keyPairFiles, selfSignedPair } from './key-pairs.ts';
import { metricsServer, type MetricsServerOptions } from './metrics-server.ts';
import { selfSigned } from './self-signed.ts';

const running: { stop: AbortController; ended: Promise<void> }[] = [];

/** Runs the server until the test is over. */
function start(part: HttpPart): Promise<string> {
  const stop = new AbortController();
  running.push({ stop, ended: part.run(stop.signal) });
  return part.url;
}

afterEach(async () => {
  for (const { stop, ended } of running.splice(0)) {
    stop.abort();
    await ended;
  }
});

const answer = async (url: string, headers: Record<string, string> = {}): Promise<[number, string]> => {
  const response = await fetch(url, { headers });
  return [response.status, await response.text()];
};

describe('listen addresses', () => {
  const cases: readonly [string, string | undefined, number][] = [
    [':8080', undefined, 8080],
    ['127.0.0.1:0', '127.0.0.1', 0],
    ['0.0.0.0:8080', '0.0.0.0', 8080],
    ['localhost:1', 'localhost', 1],
    ['[::1]:8080', '::1', 8080],
  ];
  for (const [text, host, port] of cases) {
    it(`are understood: ${text}`, () => assert.deepEqual(parseAddress(text), { host, port }));
  }
  it('without a port are refused', () => assert.throws(() => parseAddress('localhost'), RangeError));
});

describe('the health server', () => {
  const check = (name: string, problem?: string): HealthCheck => ({ name, problem: () => problem });
  const healthUrl = (live: HealthCheck[], ready: HealthCheck[]): Promise<string> =>
    start(healthServer({ addr: '127.0.0.1:0', live, ready, log: silentLog }));

  it('is alive and ready when nothing is wrong', async () => {
    const url = await healthUrl([check('loop')], [check('cache')]);
    assert.deepEqual(await answer(`${url}/healthz`), [200, 'ok\n']);
    assert.deepEqual(await answer(`${url}/readyz`), [200, 'ok\n']);
  });

  it('is alive but not ready while a cache is not filled', async () => {
    const cache = { hasSynced: false };
    const url = await healthUrl([], [cacheFilled('secrets', cache), check('other')]);
    assert.deepEqual(await answer(`${url}/healthz`), [200, 'ok\n']);
    assert.deepEqual(await answer(`${url}/readyz`), [500, '[-] cache secrets: not filled yet\nfailed\n']);
    cache.hasSynced = true;
    assert.deepEqual(await answer(`${url}/readyz`), [200, 'ok\n']);
  });

  it('lists all checks when asked', async () => {
    const url = await healthUrl([check('a'), check('b', 'broken')], []);
    assert.deepEqual(await answer(`${url}/healthz?verbose`), [500, '[+] a\n[-] b: broken\nfailed\n']);
  });

  it('knows no other path', async () => {
    const url = await healthUrl([], []);
    assert.equal((await answer(`${url}/metrics`))[0], 404);
    assert.equal((await answer(`${url}/constructor`))[0], 404);
  });
});

describe('a watch loop', () => {
  it('is alive while it turns, however long the API server is away, and dead when it stands still', () => {
    const clock = new ManualClock(1_000_000);
    const problem = (phase: string, agoMs: number): string | undefined =>
      watchLoopTurns('secrets', () => ({ phase, lastTurnAt: clock.now() - agoMs }), clock).problem();
    assert.equal(problem('waiting', 5 * 60_000), undefined);
    assert.equal(problem('watching', 14 * 60_000), undefined);
    assert.equal(problem('idle', 60 * 60_000), undefined);
    assert.equal(problem('waiting', 16 * 60_000), 'the loop has not moved for 960 s');
    assert.equal(problem('stopped', 0), 'the loop has ended');
  });
});

describe('the metrics server', () => {
  const metrics = { contentType: 'text/plain; version=0.0.4', render: () => Promise.resolve('a 1\n') };
  const metricsUrl = (options: Partial<MetricsServerOptions> = {}): Promise<string> =>
    start(metricsServer({ addr: '127.0.0.1:0', metrics, log: silentLog, ...options }));

  it('answers /metrics in plain text without authentication by default', async () => {
    const response = await fetch(`${await metricsUrl()}/metrics`);
    assert.equal(response.status, 200);
    assert.equal(response.headers.get('content-type'), 'text/plain; version=0.0.4');
    assert.equal(await response.text(), 'a 1\n');
  });

  it('knows no other path', async () => {
    assert.equal((await answer(`${await metricsUrl()}/`))[0], 404);
  });

  it('compresses what is large', async () => {
    const large = 'b 1\n'.repeat(10_000);
    const url = await metricsUrl({ metrics: { ...metrics, render: () => Promise.resolve(large) } });
    const response = await fetch(`${url}/metrics`, { headers: { 'accept-encoding': 'gzip' } });
    assert.equal(response.headers.get('content-encoding'), 'gzip');
    assert.ok(Number(response.headers.get('content-length')) < 1000);
    assert.equal(await response.text(), large);
  });

  it('writes one page for scrapes that come together', async () => {
    let rendered = 0;
    const render = async (): Promise<string> => {
      rendered++;
      await new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
      return `rendered ${rendered}\n`;
    };
    const server = metricsServer({ addr: '127.0.0.1:0', metrics: { ...metrics, render }, log: silentLog });
    const url = await start(server);
    await Promise.all([answer(`${url}/metrics`), answer(`${url}/metrics`)]);
    const before = rendered;
    await answer(`${url}/metrics`);
    assert.equal(rendered, before + 1);
  });

  it('answers 500 without details when something breaks', async () => {
    const render = (): Promise<string> => Promise.reject(new Error('internals'));
    const url = await metricsUrl({ metrics: { ...metrics, render } });
    assert.deepEqual(await answer(`${url}/metrics`), [500, 'internal error\n']);
  });

  it('fails when its address is taken', async () => {
    const url = await metricsUrl();
    const second = metricsServer({ addr: url.slice('http://'.length), metrics, log: silentLog });
    await assert.rejects(second.run(new AbortController().signal), /EADDRINUSE/);
    await assert.rejects(second.url, /EADDRINUSE/);
  });

  it('lets only those in whom the authorizer allows', async () => {
    const authorize = async (token: string) => {
      if (token === 'broken') throw new Error('no API server');
      return token === 'good'
        ? ('allowed' as const)
        : token === 'known'
          ? ('forbidden' as const)
          : ('unknown' as const);
    };
    const url = `${await metricsUrl({ authorize })}/metrics`;
    const status = async (token: string) => (await answer(url, { authorization: `Bearer ${token}` }))[0];
    assert.equal((await answer(url))[0], 401);
    assert.equal(await status('other'), 401);
    assert.equal(await status('known'), 403);
    assert.equal(await status('broken'), 503);
    assert.equal(await status('good'), 200);
  });
});

describe('who may scrape', () => {
  const reviews = (token: unknown, access: unknown) => {
    const posted: [string, unknown][] = [];
    const authorize = reviewAuthorizer(async (path, review) => {
      posted.push([path, (review as { spec: unknown }).spec]);
      return path.endsWith('/tokenreviews') ? { status: token } : { status: access };
    });
    return { posted, authorize };
  };
  const user = { username: 'system:serviceaccount:monitoring:prometheus', groups: ['system:authenticated'] };

  it('is asked by a TokenReview and a SubjectAccessReview for GET on the path', async () => {
    const { posted, authorize } = reviews({ authenticated: true, user }, { allowed: true });
    assert.equal(await authorize('t', '/metrics'), 'allowed');
    assert.deepEqual(posted, [
      ['/apis/authentication.k8s.io/v1/tokenreviews', { token: 't' }],
      [
        '/apis/authorization.k8s.io/v1/subjectaccessreviews',
        {
          user: user.username,
          uid: undefined,
          groups: user.groups,
          extra: undefined,
          nonResourceAttributes: { path: '/metrics', verb: 'get' },
        },
      ],
    ]);
  });

  it('is nobody whom the API server does not know', async () => {
    const { posted, authorize } = reviews({ authenticated: false }, { allowed: true });
    assert.equal(await authorize('t', '/metrics'), 'unknown');
    assert.equal(posted.length, 1);
  });

  it('is nobody whom it does not allow', async () => {
    const { authorize } = reviews({ authenticated: true, user }, { allowed: false });
    assert.equal(await authorize('t', '/metrics'), 'forbidden');
  });

  it('is unclear when the answer is no review', async () => {
    const authorize = reviewAuthorizer(async () => ({}));
    await assert.rejects(authorize('t', '/metrics'));
  });
});

describe('metrics over TLS', () => {
  const metrics = { contentType: 'text/plain', render: () => Promise.resolve('a 1\n') };

  const secureGet = (url: string, ca: string): Promise<string> =>
    new Promise((resolve, reject) => {
      const request = httpsGet(`${url}/metrics`, { ca, servername: 'metrics.local', agent: false }, (response) => {
        let body = '';
        response.setEncoding('utf8');
        response.on('data', (chunk: string) => (body += chunk));
        response.on('end', () => resolve(body));
      });
      request.on('error', reject);
    });

  async function withFiles<T>(run: (dir: string) => Promise<T>): Promise<T> {
    const dir = await mkdtemp(join(tmpdir(), 'metrics-tls-'));
    try {
      return await run(dir);
    } finally {
      await rm(dir, { recursive: true });
    }
  }

  const write = async (dir: string, pair: { cert: string; key: string }): Promise<void> => {
    await writeFile(join(dir, 'tls.crt'), pair.cert);
    await writeFile(join(dir, 'tls.key'), pair.key);
  };

  it('uses the key pair of the folder, and the next one when it was renewed', () =>
    withFiles(async (dir) => {
      const clock = new ManualClock();
      const counted: boolean[] = [];
      const [first, second] = [selfSigned(['metrics.local'], Date.now()), selfSigned(['metrics.local'], Date.now())];
      await write(dir, first);
      const names = { dir, certName: 'tls.crt', keyName: join(dir, 'tls.key') };
      const keys = keyPairFiles({ ...names, clock, log: silentLog, observe: (ok) => counted.push(ok) });
      const tls = { keys, http2: false };
      const url = await start(metricsServer({ addr: '127.0.0.1:0', metrics, log: silentLog, tls }));
      assert.equal(await secureGet(url, first.cert), 'a 1\n');
      await write(dir, second);
      await passed(clock, () => counted.length >= 2);
      assert.equal(await secureGet(url, second.cert), 'a 1\n');
      await rm(join(dir, 'tls.crt'));
      await passed(clock, () => counted.includes(false));
      assert.equal(await secureGet(url, second.cert), 'a 1\n');
    }));

  /** Lets a minute pass at a time; file reads take a moment of real time. */
  async function passed(clock: ManualClock, done: () => boolean): Promise<void> {
    for (let i = 0; i < 5000 && !done(); i++) await clock.advance(60_000);
    await clock.advance(0);
    assert.ok(done());
  }

  it('cannot start without a key pair', () =>
    withFiles(async (dir) => {
      const options = { dir, certName: 'tls.crt', keyName: 'tls.key', clock: new ManualClock(), log: silentLog };
      const keys = keyPairFiles({ ...options, observe: () => {} });
      const server = metricsServer({ addr: '127.0.0.1:0', metrics, log: silentLog, tls: { keys, http2: false } });
      await assert.rejects(server.run(new AbortController().signal), /ENOENT/);
    }));

  it('offers HTTP/2 when asked to, and stops although a client stays connected', async () => {
    const pair = selfSigned(['metrics.local'], Date.now());
    const keys = { read: () => Promise.resolve(pair), follow: () => {} };
    const url = await start(
      metricsServer({ addr: '127.0.0.1:0', metrics, log: silentLog, tls: { keys, http2: true } }),
    );
    assert.equal(await secureGet(url, pair.cert), 'a 1\n');
    const session = http2Connect(url, { ca: pair.cert, servername: 'metrics.local' });
    session.on('error', () => {});
    const stream = session.request({ ':path': '/metrics' });
    stream.setEncoding('utf8');
    let body = '';
    for await (const chunk of stream) body += String(chunk);
    assert.equal(body, 'a 1\n');
  });

  it('makes a certificate of its own that Node and OpenSSL accept', async () => {
    const clock = new ManualClock(Date.UTC(2030, 5, 1));
    const { cert } = await selfSignedPair(clock, ['metrics.local', 'other']).read();
    const certificate = new X509Certificate(cert);
    assert.equal(certificate.subject, 'CN=metrics.local');
    assert.equal(certificate.subjectAltName, 'DNS:metrics.local, DNS:other');
    assert.equal(certificate.validToDate.getTime() - clock.now(), 365 * 24 * 3_600_000);
    assert.ok(certificate.verify(certificate.publicKey));
    assert.equal(certificate.checkHost('other'), 'other');
    assert.equal(new X509Certificate(selfSigned(['a'], Date.UTC(2055, 0, 1)).cert).validToDate.getUTCFullYear(), 2056);
  });
});
