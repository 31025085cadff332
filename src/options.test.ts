import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  parseCertControllerOptions,
  parseOptions,
  parseWebhookOptions,
  readEnvironment,
  UsageError,
  type ControllerOptions,
  type Env,
} from './options.ts';

const parse = (argv: readonly string[] = [], env: Env = {}): ControllerOptions => {
  const options = parseOptions(argv, env);
  assert.ok(typeof options === 'object');
  return options;
};

const refusal = (argv: readonly string[], env: Env = {}): string => {
  try {
    parseOptions(argv, env);
  } catch (error) {
    assert.ok(error instanceof UsageError);
    return error.message;
  }
  return assert.fail('was accepted');
};

describe('without flags', () => {
  it('everything has the documented default', () => {
    const { environment: _environment, ...options } = parse();
    assert.deepEqual(options, {
      metrics: {
        addr: ':8080',
        secure: false,
        auth: false,
        certDir: undefined,
        certName: 'tls.crt',
        keyName: 'tls.key',
        http2: false,
      },
      log: { level: 'info', timeEncoding: 'epoch' },
      notes: [],
      liveAddr: ':8082',
      controllerClass: 'default',
      namespace: undefined,
      concurrent: 1,
      client: { qps: 0, burst: undefined },
      leaderElection: {
        enabled: false,
        id: 'external-secrets-controller',
        leaseDurationMs: 15_000,
        renewDeadlineMs: 10_000,
        retryPeriodMs: 2_000,
      },
      reconcilers: {
        secretStore: true,
        clusterSecretStore: true,
        clusterExternalSecret: true,
        pushSecret: true,
        clusterPushSecret: true,
      },
      storeRequeueIntervalMs: 300_000,
      floodGate: true,
      generatorState: true,
      generatorGcGracePeriodMs: 120_000,
      extendedMetricLabels: false,
      genericTargets: false,
      templateDelimiters: { left: '{{', right: '}}' },
      statusHeartbeatMs: 60_000,
      serviceAccountTokenFile: '/var/run/secrets/kubernetes.io/serviceaccount/token',
      controllerCredentialsForAll: true,
      allowTargets: [],
    });
  });

  it('the result cannot be changed', () => {
    const options = parse();
    assert.throws(() => Object.assign(options.metrics, { addr: ':1' }), TypeError);
    assert.ok(Object.isFrozen(options) && Object.isFrozen(options.environment.awsEndpoints));
  });
});

describe('a flag', () => {
  const forms: readonly (readonly string[])[] = [
    ['--namespace=shop'],
    ['--namespace', 'shop'],
    ['-namespace=shop'],
    ['-namespace', 'shop'],
    ['--namespace=other', '--namespace=shop'],
  ];
  for (const argv of forms) it(`is understood as ${argv.join(' ')}`, () => assert.equal(parse(argv).namespace, 'shop'));

  it('keeps what comes after the first equals sign', () => {
    assert.equal(parse(['--leader-election-id=a=b']).leaderElection.id, 'a=b');
  });

  const switches: readonly [string, boolean][] = [
    ['--enable-flood-gate', true],
    ['--enable-flood-gate=true', true],
    ['--enable-flood-gate=1', true],
    ['--enable-flood-gate=false', false],
    ['--enable-flood-gate=F', false],
  ];
  for (const [argument, on] of switches) {
    it(`that is a switch reads ${argument} as ${on}`, () => assert.equal(parse([argument]).floodGate, on));
  }

  it('that is a switch does not take the next argument', () => {
    assert.match(refusal(['--enable-flood-gate', 'false']), /unexpected argument "false"/);
  });

  it('that is a list takes commas and repetition', () => {
    const options = parse(['--allow-targets=127.0.0.0/8, ::1/128', '--allow-targets', '10.0.0.0/8']);
    assert.deepEqual(options.allowTargets, ['127.0.0.0/8', '::1/128', '10.0.0.0/8']);
  });

  it('that the chart always passes is accepted', () => {
    const options = parse([
      '--concurrent=1',
      '--metrics-addr=:8080',
      '--loglevel=info',
      '--zap-time-encoding=epoch',
      '--enable-leader-election=true',
      '--live-addr=:8082',
    ]);
    assert.equal(options.leaderElection.enabled, true);
  });

  it('switches the metrics server off by 0', () => {
    assert.equal(parse(['--metrics-addr=0']).metrics.addr, undefined);
  });

  it('limits requests to the API server when set', () => {
    assert.deepEqual(parse(['--client-qps=50', '--client-burst=100']).client, { qps: 50, burst: 100 });
  });

  it('refuses the operator’s credentials to namespaced stores when told so', () => {
    assert.equal(parse(['--controller-credentials=cluster-stores-only']).controllerCredentialsForAll, false);
  });
});

describe('a wrong command line is refused', () => {
  const cases: readonly [string, readonly string[], string][] = [
    [
      'an unknown flag, with the nearest known one',
      ['--contoller-class=a'],
      'unknown flag --contoller-class; did you mean --controller-class? (--help lists all)',
    ],
    [
      'an unknown flag, without a guess when none is near',
      ['--experimental-enable-aws-session-cache'],
      'unknown flag --experimental-enable-aws-session-cache (--help lists all)',
    ],
    ['a name that every object has', ['--constructor=1'], 'unknown flag --constructor (--help lists all)'],
    [
      'a bad duration',
      ['--store-requeue-interval=5 minutes'],
      '--store-requeue-interval: "5 minutes" is not accepted, write a duration such as 500ms, 15s or 1h30m',
    ],
    [
      'a negative duration',
      ['--store-requeue-interval=-5m'],
      '--store-requeue-interval: "-5m" is not accepted, write a duration such as 500ms, 15s or 1h30m',
    ],
    ['a bad number', ['--concurrent', 'many'], '--concurrent: "many" is not accepted, write a whole number from 1 on'],
    ['too small a number', ['--concurrent=0'], '--concurrent: "0" is not accepted, write a whole number from 1 on'],
    ['a bad switch', ['--enable-flood-gate=yes'], '--enable-flood-gate: "yes" is not accepted, write true or false'],
    [
      'a bad choice',
      ['--loglevel=trace'],
      '--loglevel: "trace" is not accepted, write one of debug, info, warn, error, dpanic, panic, fatal',
    ],
    ['a missing value', ['--namespace'], '--namespace needs a value: text'],
    ['a stray word', ['start'], 'unexpected argument "start": only flags are understood here'],
    ['a bad address', ['--live-addr=8082'], '--live-addr: "8082" is not accepted, write host:port or :port'],
    [
      'a port that is none',
      ['--metrics-addr=:99999'],
      '--metrics-addr: ":99999" is not accepted, write host:port or :port (0 switches it off)',
    ],
    [
      'a bad range',
      ['--allow-targets=127.0.0.1'],
      '--allow-targets: "127.0.0.1" is not accepted, write a range such as 127.0.0.0/8',
    ],
    [
      'metrics-auth without TLS',
      ['--metrics-auth'],
      '--metrics-auth needs --metrics-secure: tokens must not cross the wire in the clear',
    ],
    [
      'a lease shorter than its renewal',
      ['--leader-election-lease-duration=5s'],
      '--leader-election-lease-duration must be longer than --leader-election-renew-deadline',
    ],
    [
      'empty delimiters',
      ['--template-left-delimiter='],
      '--template-left-delimiter and --template-right-delimiter must not be empty',
    ],
  ];
  for (const [name, argv, message] of cases) it(name, () => assert.equal(refusal(argv), message));
});

describe('flags of what this build does not have', () => {
  it('are accepted, each with one line that says why it does nothing', () => {
    const { notes } = parse([
      '--doppler-etag-cache-size=5',
      '--mysterybox-tokens-cache-size=-1',
      '--enable-vault-token-cache',
      '--enable-secrets-caching=true',
    ]);
    assert.deepEqual(notes, [
      '--doppler-etag-cache-size has no effect: this build does not contain the backend',
      '--mysterybox-tokens-cache-size has no effect: this build does not contain the backend',
      '--enable-vault-token-cache has no effect: sessions are always pooled and reused',
      '--enable-secrets-caching has no effect: only metadata is cached, bodies are read when needed',
    ]);
  });

  it('are still checked', () => {
    assert.match(refusal(['--vault-token-cache-size=lots']), /^--vault-token-cache-size: "lots" is not accepted/);
  });
});

describe('every flag of the contract', () => {
  const flags =
    `metrics-addr metrics-secure metrics-auth metrics-cert-dir metrics-cert-name metrics-key-name live-addr controller-class
    enable-leader-election leader-election-id leader-election-lease-duration leader-election-renew-deadline
    leader-election-retry-period concurrent client-qps client-burst loglevel zap-time-encoding namespace
    enable-secret-store-reconciler enable-cluster-store-reconciler enable-cluster-external-secret-reconciler
    enable-push-secret-reconciler enable-cluster-push-secret-reconciler enable-secrets-caching enable-configmaps-caching
    enable-managed-secrets-caching enable-secret-api-read-on-cache-mismatch store-requeue-interval enable-flood-gate
    enable-generator-state enable-extended-metric-labels enable-http2 unsafe-allow-generic-targets
    generator-gc-grace-period template-left-delimiter template-right-delimiter enable-vault-token-cache
    vault-token-cache-size experimental-enable-vault-token-cache experimental-vault-token-cache-size
    doppler-etag-cache-size experimental-enable-doppler-oidc-cache experimental-doppler-oidc-cache-size
    mysterybox-tokens-cache-size mysterybox-connections-cache-size status-heartbeat service-account-token-file
    controller-credentials allow-targets`.split(/\s+/);

  it('is on the help page, with nothing else', () => {
    const help = parseOptions(['--help'], {});
    assert.ok(typeof help === 'string');
    const listed = [...help.matchAll(/^ {2}--([a-z0-9-]+)/gm)].map((match) => match[1] ?? '');
    assert.deepEqual(listed.toSorted(), flags.toSorted());
    assert.match(help, /--store-requeue-interval duration +How often .*\[5m\]/);
    assert.ok(help.split('\n').every((line) => line.length <= 180));
  });
});

describe('the environment', () => {
  it('tells where the API server is and which namespace we are in', () => {
    const { kube, podNamespace } = parse([], {
      KUBECONFIG: '/tmp/config',
      KUBERNETES_SERVICE_HOST: '10.0.0.1',
      KUBERNETES_SERVICE_PORT: '443',
      HOME: '/root',
      POD_NAMESPACE: 'external-secrets',
    }).environment;
    assert.deepEqual(kube, { kubeconfig: '/tmp/config', serviceHost: '10.0.0.1', servicePort: '443', home: '/root' });
    assert.equal(podNamespace, 'external-secrets');
  });

  it('keeps endpoint overrides apart from what the AWS default chain reads', () => {
    const { awsEndpoints, awsDefaults } = readEnvironment({
      AWS_SECRETSMANAGER_ENDPOINT: 'http://127.0.0.1:5000',
      AWS_STS_ENDPOINT: '',
      AWS_ENDPOINT_URL: 'http://127.0.0.1:5001',
      AWS_ROLE_ARN: 'arn:aws:iam::1:role/a',
      AWS_WEB_IDENTITY_TOKEN_FILE: '/token',
      PATH: '/bin',
    });
    assert.deepEqual(awsEndpoints, { AWS_SECRETSMANAGER_ENDPOINT: 'http://127.0.0.1:5000' });
    assert.deepEqual(awsDefaults, {
      AWS_ENDPOINT_URL: 'http://127.0.0.1:5001',
      AWS_ROLE_ARN: 'arn:aws:iam::1:role/a',
      AWS_WEB_IDENTITY_TOKEN_FILE: '/token',
    });
  });

  it('refuses an endpoint that is no URL, naming the variable', () => {
    assert.equal(
      refusal([], { AWS_STS_ENDPOINT: 'localhost:5000' }),
      'AWS_STS_ENDPOINT: "localhost:5000" is not accepted, write a URL such as https://host:port',
    );
  });

  it('names proxies in either spelling', () => {
    assert.deepEqual(readEnvironment({ HTTPS_PROXY: 'http://p:1', no_proxy: '.local' }).proxies, {
      http: undefined,
      https: 'http://p:1',
      no: '.local',
    });
  });
});

describe('the other processes', () => {
  it('the webhook has its own flags', () => {
    const options = parseWebhookOptions(['--port=9443', '--dns-name=a.b.svc', '--check-interval=1m'], {});
    assert.ok(typeof options === 'object');
    assert.deepEqual(
      [options.port, options.dnsName, options.checkIntervalMs, options.lookaheadMs, options.healthzAddr],
      [9443, 'a.b.svc', 60_000, 2160 * 3_600_000, ':8081'],
    );
    assert.throws(() => parseWebhookOptions(['--concurrent=1'], {}), UsageError);
  });

  it('the webhook watches a Secret only when it is told its name', () => {
    const secretOf = (...flags: string[]): unknown => {
      const options = parseWebhookOptions(flags, {});
      return typeof options === 'string' ? options : options.secret;
    };
    assert.equal(secretOf(), undefined);
    assert.equal(secretOf('--secret-namespace=es'), undefined);
    assert.deepEqual(secretOf('--secret-name=hook'), { name: 'hook', namespace: undefined });
    assert.deepEqual(secretOf('--secret-name=hook', '--secret-namespace=es'), { name: 'hook', namespace: 'es' });
  });

  it('so has the cert controller', () => {
    const options = parseCertControllerOptions(['--crd-names=a', '--crd-names=b,c', '--service-namespace=es'], {});
    assert.ok(typeof options === 'object');
    assert.deepEqual(options.crdNames, ['a', 'b', 'c']);
    assert.deepEqual(options.service, { name: 'external-secrets-webhook', namespace: 'es' });
  });

  it('the Secret of the authority is named after that of the webhook unless it is given', () => {
    const nameWith = (...flags: string[]): string => {
      const options = parseCertControllerOptions(flags, {});
      return typeof options === 'string' ? options : options.authoritySecretName;
    };
    assert.equal(nameWith(), 'external-secrets-webhook-ca');
    assert.equal(nameWith('--secret-name=hook'), 'hook-ca');
    assert.equal(nameWith('--secret-name=hook', '--ca-secret-name=other'), 'other');
  });
});
