import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ManualClock } from '../../test/builders/manual-clock.ts';
import { SecretValue } from '../secret-value.ts';
import { createLogger, formatTime, type LogLevel, type TimeEncoding } from './logger.ts';

const logInto = (lines: Record<string, unknown>[], level: LogLevel = 'info', timeEncoding: TimeEncoding = 'epoch') =>
  createLogger({
    level,
    timeEncoding,
    clock: new ManualClock(Date.UTC(2030, 0, 1, 12, 30, 45, 120)),
    destination: { write: (line) => void lines.push(JSON.parse(line) as Record<string, unknown>) },
  });

/** The fields of the line that this call to `error` makes. */
function logged(fields: object): Record<string, unknown> {
  const lines: Record<string, unknown>[] = [];
  logInto(lines).error(fields, 'it happened');
  const { level: _level, ts: _ts, msg: _msg, ...rest } = lines[0] ?? {};
  return rest;
}

describe('a log line', () => {
  it('has level, ts, logger, msg and the fields', () => {
    const lines: Record<string, unknown>[] = [];
    logInto(lines).child({ logger: 'informer' }).info({ namespace: 'shop', count: 3 }, 'synced');
    assert.deepEqual(lines, [
      { level: 'info', ts: 1_893_501_045.12, logger: 'informer', namespace: 'shop', count: 3, msg: 'synced' },
    ]);
  });

  it('names a field once even when a child says it again', () => {
    const written: string[] = [];
    const destination = { write: (line: string) => void written.push(line) };
    const log = createLogger({ level: 'info', timeEncoding: 'epoch', clock: new ManualClock(), destination });
    log.child({ logger: 'a' }).child({ logger: 'b' }).warn({ logger: 'c' }, 'm');
    assert.equal(written[0]?.match(/"logger"/g)?.length, 1);
    assert.match(written[0] ?? '', /"logger":"c"/);
  });

  it('keeps its own members when a field has the same name', () => {
    assert.deepEqual(logged({ level: 9, msg: 'x', ts: 0 }), { level_: 9, msg_: 'x', ts_: 0 });
  });
});

describe('the log level', () => {
  const heard = (level: LogLevel): string[] => {
    const lines: Record<string, unknown>[] = [];
    const log = logInto(lines, level);
    for (const at of ['debug', 'info', 'warn', 'error', 'fatal'] as const) log[at]({}, at);
    return lines.map((line) => String(line['level']));
  };
  const cases: readonly [LogLevel, string[]][] = [
    ['debug', ['debug', 'info', 'warn', 'error', 'fatal']],
    ['info', ['info', 'warn', 'error', 'fatal']],
    ['warn', ['warn', 'error', 'fatal']],
    ['error', ['error', 'fatal']],
    ['dpanic', ['fatal']],
    ['panic', ['fatal']],
    ['fatal', ['fatal']],
  ];
  for (const [level, expected] of cases) {
    it(`${level} lets ${expected.join(', ')} through`, () => assert.deepEqual(heard(level), expected));
  }
});

describe('the time of a line', () => {
  const ms = Date.UTC(2030, 0, 1, 12, 30, 45, 120);
  const cases: readonly [TimeEncoding, string][] = [
    ['epoch', '1893501045.12'],
    ['millis', '1893501045120'],
    ['nano', '1893501045120000000'],
    ['iso8601', '"2030-01-01T12:30:45.120Z"'],
    ['rfc3339', '"2030-01-01T12:30:45Z"'],
    ['rfc3339nano', '"2030-01-01T12:30:45.12Z"'],
  ];
  for (const [encoding, text] of cases)
    it(`as ${encoding} is ${text}`, () => assert.equal(formatTime(ms, encoding), text));

  it('as rfc3339nano has no fraction on the full second', () => {
    assert.equal(formatTime(Date.UTC(2030, 0, 1), 'rfc3339nano'), '"2030-01-01T00:00:00Z"');
  });
});

describe('what a field may show', () => {
  const secret = 'hunter2-hunter2';

  it('is never a value, however it is wrapped', () => {
    const value = SecretValue.ofText(secret);
    const text = JSON.stringify(
      logged({
        value,
        bytes: Buffer.from(secret),
        deep: { er: { list: [value, new Uint8Array(Buffer.from(secret))] } },
        map: new Map([['password', secret]]),
        object: { kind: 'Secret', metadata: { namespace: 'shop', name: 'db' }, stringData: { password: secret } },
        nested: { found: { metadata: { name: 'db' }, data: { password: secret } } },
        method: () => secret,
      }),
    );
    assert.ok(!text.includes('hunter2'), text);
    assert.ok(!text.includes(Buffer.from(secret).toString('base64')), text);
  });

  it('is the size of bytes and the name of an object', () => {
    assert.deepEqual(
      logged({
        value: SecretValue.ofText('abc'),
        bytes: Buffer.from('abcd'),
        object: { kind: 'Secret', metadata: { namespace: 'shop', name: 'db' } },
      }),
      { value: '<value: 3 bytes>', bytes: '<value: 4 bytes>', object: 'Secret/shop/db' },
    );
  });

  it('is class and message of an error and its causes, without a stack', () => {
    const cause = new RangeError('connection reset');
    const error = new TypeError('cannot read key "db"', { cause });
    assert.deepEqual(logged({ error }), { error: 'TypeError: cannot read key "db" <- RangeError: connection reset' });
    assert.deepEqual(logged(error), { error: 'TypeError: cannot read key "db" <- RangeError: connection reset' });
  });

  it('is a cause only once when its parent quotes it', () => {
    const error = new Error('login failed: no route to host', { cause: new Error('no route to host') });
    assert.deepEqual(logged({ error }), { error: 'Error: login failed: no route to host' });
  });

  it('is the first address of a connection that failed on all', () => {
    const refused = Object.assign(new Error('connect ECONNREFUSED 127.0.0.1:1'), { code: 'ECONNREFUSED' });
    const error = new AggregateError([refused]);
    assert.deepEqual(logged({ error }), { error: 'AggregateError <- Error: connect ECONNREFUSED 127.0.0.1:1' });
  });

  it('ends when causes or objects go in a circle', () => {
    const error = new Error('round');
    error.cause = error;
    const circle: Record<string, unknown> = {};
    circle['self'] = circle;
    assert.deepEqual(logged({ error, circle }), {
      error: 'Error: round',
      circle: { self: { self: { self: { self: '<nested>' } } } },
    });
  });

  it('is dates, big numbers, lists and nothing as one expects', () => {
    assert.deepEqual(logged({ at: new Date(0), big: 10n, list: ['a', 1, true, null], none: undefined }), {
      at: '1970-01-01T00:00:00.000Z',
      big: '10',
      list: ['a', 1, true, null],
    });
  });

  it('is cut when it is very long', () => {
    assert.ok(String(logged({ text: 'x'.repeat(100_000) })['text']).length < 9000);
  });
});
