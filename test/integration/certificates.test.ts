/**
 * The cert-controller and the webhook together: certificates come by themselves, the API server is told whom to trust,
 * and all of it is renewed while people work.
 */
import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import {
  customResourceDefinitions,
  endpointSlices,
  externalSecrets,
  GROUP,
  leases,
  secrets,
  validatingWebhookConfigurations,
} from '../../src/api/resources.ts';
import { issueServer, makeAuthority, type PemPair } from '../../src/certificates/authority.ts';
import type { Definition, WebhookConfiguration } from '../../src/certificates/injection.ts';
import type { EndpointSlice } from '../../src/certificates/readiness.ts';
import { KEYS, textOf, type SecretObject } from '../../src/certificates/secrets.ts';
import { certificatesIn, serverProblem } from '../../src/certificates/verification.ts';
import { NotFoundError } from '../../src/kube/errors.ts';
import type { KubeObject, Stored } from '../../src/kube/types.ts';
import { parseExposition } from '../../src/telemetry/parse-exposition.ts';
import { ask, certController, webhook } from './companions.ts';
import { requires, useEnv } from './current-env.ts';
import { without } from './taken-rights.ts';

// The names that the chart gives, because rights are given by name.
const CONFIGURATION = 'externalsecret-validate';
const CONFIGURATIONS = [CONFIGURATION, 'secretstore-validate'];
const SERVICE = 'external-secrets-webhook';
const DAY_MS = 24 * 3_600_000;
// Before the env's own, which closes the client.
after(async () => {
  for (const name of CONFIGURATIONS) await deleteConfiguration(name);
  rmSync(folder, { recursive: true, force: true });
});
const env = await useEnv();
const folder = mkdtempSync(join(tmpdir(), 'certificates-'));

type Controller = Awaited<ReturnType<typeof certController>>;

async function deleteConfiguration(name = CONFIGURATION): Promise<void> {
  try {
    await env.kube.delete(validatingWebhookConfigurations, { name });
  } catch (error) {
    if (!(error instanceof NotFoundError)) throw error;
  }
}

/** What the chart installs before its Pods start: Secrets without data. */
async function install(prefix: string): Promise<string> {
  const namespace = await env.namespace(prefix);
  await env.apply(certificateSecret(namespace, SERVICE, {}), certificateSecret(namespace, `${SERVICE}-ca`, {}));
  return namespace;
}

function certificateSecret(namespace: string, name: string, texts: Readonly<Record<string, string>>): KubeObject {
  const data = Object.entries(texts).map(([key, text]) => [key, Buffer.from(text).toString('base64')] as const);
  const labels = { 'external-secrets.io/component': 'webhook' };
  const object = { apiVersion: 'v1', kind: 'Secret', metadata: { namespace, name, labels }, type: 'Opaque' };
  return { ...object, data: Object.fromEntries(data) } as KubeObject;
}

function startController(namespace: string, ...flags: readonly string[]): Promise<Controller> {
  return certController(
    env,
    `--service-name=${SERVICE}`,
    `--service-namespace=${namespace}`,
    `--secret-name=${SERVICE}`,
    `--secret-namespace=${namespace}`,
    '--enable-partial-cache',
    ...flags,
  );
}

function startWebhook(namespace: string, ...flags: readonly string[]): ReturnType<typeof webhook> {
  const name = `--dns-name=${SERVICE}.${namespace}.svc`;
  return webhook(
    env,
    name,
    `--secret-name=${SERVICE}`,
    `--secret-namespace=${namespace}`,
    `--cert-dir=${folder}`,
    ...flags,
  );
}

/** A webhook configuration without caBundle, as the chart renders it; the Service leads to this machine. */
async function register(namespace: string, port: string, name = CONFIGURATION): Promise<void> {
  const path = '/validate-external-secrets-io-v1-externalsecret';
  const mine = { matchExpressions: [{ key: 'kubernetes.io/metadata.name', operator: 'In', values: [namespace] }] };
  const common = { admissionReviewVersions: ['v1'], sideEffects: 'None', timeoutSeconds: 5, namespaceSelector: mine };
  const rules = [{ apiGroups: [GROUP], apiVersions: ['v1'], operations: ['CREATE'], resources: ['externalsecrets'] }];
  await env.apply(
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { namespace, name: SERVICE },
      spec: { type: 'ExternalName', externalName: 'localhost' },
    } as KubeObject,
    {
      apiVersion: 'admissionregistration.k8s.io/v1',
      kind: 'ValidatingWebhookConfiguration',
      metadata: { name, labels: { 'external-secrets.io/component': 'webhook' } },
      webhooks: [
        {
          ...common,
          name: `validate.externalsecret.${GROUP}`,
          rules,
          clientConfig: { service: { name: 'somewhere', namespace: 'else', path, port: Number(port) } },
        },
        { ...common, name: 'another.example.org', rules: [], clientConfig: { url: 'https://example.org/hook' } },
      ],
    } as KubeObject,
  );
}

async function configuration(name = CONFIGURATION): Promise<Stored<WebhookConfiguration>> {
  return env.kube.get<WebhookConfiguration>(validatingWebhookConfigurations, { name });
}

async function secretTexts(namespace: string, name: string): Promise<Record<keyof typeof KEYS, string>> {
  const found = await env.kube.get<SecretObject>(secrets, { namespace, name });
  const texts = Object.entries(KEYS).map(([what, key]) => [what, textOf(found, key)] as const);
  return Object.fromEntries(texts) as Record<keyof typeof KEYS, string>;
}

/** The configuration trusts what is in the Secret. */
async function isTold(namespace: string, name = CONFIGURATION): Promise<string> {
  return env.eventually(async () => {
    const { bundle } = await secretTexts(namespace, SERVICE);
    const caBundle = (await configuration(name)).webhooks?.[0]?.clientConfig.caBundle;
    assert.notEqual(bundle, '');
    assert.equal(caBundle, Buffer.from(bundle).toString('base64'));
    return bundle;
  });
}

let count = 0;

async function create(namespace: string): Promise<string> {
  const spec = { secretStoreRef: { name: 'none' }, data: [{ secretKey: 'a', remoteRef: { key: 'a' } }] };
  const object = { metadata: { namespace, name: `es-${count++}` }, spec };
  const { status, message } = await ask(env, 'POST', externalSecrets, object);
  return status === 201 ? 'accepted' : message;
}

/** The API server hears of a configuration a moment after it is stored: until then nobody is asked. */
async function isAsked(namespace: string): Promise<void> {
  await env.eventually(async () => {
    const said = await ask(env, 'POST', externalSecrets, {
      metadata: { namespace, name: 'bad' },
      spec: {},
    } as KubeObject);
    assert.match(said.message, /denied the request/);
  });
}

describe('a fresh install', () => {
  let namespace: string;
  let controller: Controller;
  let hook: Awaited<ReturnType<typeof webhook>>;
  let port: string;

  before(async () => {
    namespace = await install('fresh');
    // The webhook is there first and waits.
    hook = await startWebhook(namespace);
    assert.equal((await fetch(`${hook.healthUrl}/readyz`)).status, 500);
    controller = await startController(namespace);
    port = new URL(await hook.admissionUrl).port;
    await register(namespace, port);
    await isTold(namespace);
  });
  after(async () => {
    await hook.stop();
    await controller.stop();
  });

  test('a hundred objects applied at once, right after the start, are all accepted', async () => {
    await isAsked(namespace);
    const results = await Promise.all(Array.from({ length: 100 }, () => create(namespace)));
    assert.deepEqual([...new Set(results)], ['accepted']);
  });

  test('the certificates are made as people know them, and the key of the authority stays apart', async () => {
    const [served, kept] = [await secretTexts(namespace, SERVICE), await secretTexts(namespace, `${SERVICE}-ca`)];
    assert.equal(served.authorityKey, '');
    assert.match(kept.authorityKey, /BEGIN RSA PRIVATE KEY/);
    assert.equal(kept.bundle, served.bundle);
    const dnsName = `${SERVICE}.${namespace}.svc`;
    const at = env.machine.clock.now();
    assert.equal(serverProblem(served, { bundle: served.bundle, dnsName, at }), undefined);
    assert.equal(new X509Certificate(served.cert).subjectAltName, `DNS:${dnsName}`);
  });

  test('only our webhooks are told, and where the webhook is', async () => {
    const [ours, others] = (await configuration()).webhooks ?? [];
    const { name, namespace: where, path, port: to } = ours?.clientConfig.service ?? {};
    assert.deepEqual([name, where, to], [SERVICE, namespace, Number(port)]);
    assert.match(path ?? '', /externalsecret$/);
    assert.deepEqual(others?.clientConfig, { url: 'https://example.org/hook' });
  });

  test('a configuration that somebody resets is told again at once', async () => {
    const { bundle } = await secretTexts(namespace, SERVICE);
    await register(namespace, port);
    await isTold(namespace);
    assert.equal((await secretTexts(namespace, SERVICE)).bundle, bundle);
  });

  test('each configuration of the chart is told, whenever it comes', async () => {
    const name = CONFIGURATIONS[1]!;
    await register(namespace, port, name);
    await isTold(namespace, name);
    await deleteConfiguration(name);
  });

  test('definitions without conversion are left as they are', async () => {
    for (const name of ['externalsecrets', 'secretstores', 'clustersecretstores']) {
      const found = await env.kube.get<Definition>(customResourceDefinitions, { name: `${name}.${GROUP}` });
      assert.deepEqual(found.spec?.conversion ?? { strategy: 'None' }, { strategy: 'None' });
    }
  });

  const converts = { skip: env.kind === 'real' ? false : 'the sandbox converts nothing' };
  for (const plural of ['externalsecrets', 'secretstores', 'clustersecretstores']) {
    test(`${plural} whose objects are converted are told about like any other client`, converts, async () => {
      const name = `${plural}.${GROUP}`;
      const convert = (conversion: object): Promise<unknown> =>
        env.kube.patch(customResourceDefinitions, { name }, { spec: { conversion } });
      const clientConfig = { service: { name: 'somewhere', namespace: 'else', path: '/convert' } };
      try {
        await convert({ strategy: 'Webhook', webhook: { clientConfig, conversionReviewVersions: ['v1'] } });
        const { bundle } = await secretTexts(namespace, SERVICE);
        await env.eventually(async () => {
          const found = await env.kube.get<Definition>(customResourceDefinitions, { name });
          const { caBundle, service } = found.spec?.conversion?.webhook?.clientConfig ?? {};
          assert.equal(caBundle, Buffer.from(bundle).toString('base64'));
          assert.deepEqual([service?.name, service?.namespace, service?.path], [SERVICE, namespace, '/convert']);
        });
      } finally {
        await convert({ strategy: 'None', webhook: null });
      }
    });
  }

  test('ready means told, and somebody ready behind the Service', async () => {
    const readyz = async (): Promise<string> => (await fetch(`${controller.healthUrl}/readyz?verbose`)).text();
    await env.eventually(async () => assert.match(await readyz(), /crd-inject: nobody is ready behind Service/));
    assert.equal((await fetch(`${hook.healthUrl}/readyz`)).status, 200);
    const slice = (ready: boolean): EndpointSlice & { addressType: string } => ({
      apiVersion: 'discovery.k8s.io/v1',
      kind: endpointSlices.kind,
      metadata: { namespace, name: SERVICE, labels: { 'kubernetes.io/service-name': SERVICE } },
      endpoints: [{ addresses: ['10.1.2.3'], conditions: { ready } }],
      addressType: 'IPv4',
    });
    await env.apply(slice(false));
    assert.equal((await fetch(`${controller.healthUrl}/readyz`)).status, 500);
    await env.apply(slice(true));
    await env.eventually(async () => assert.equal((await fetch(`${controller.healthUrl}/readyz`)).status, 200));
    assert.match(await readyz(), /\[\+\] crd-inject\n\[\+\] validation-webhook-inject/);
  });

  test('nothing is written when nothing is to be done', async () => {
    const metrics = async (): Promise<number> => {
      const { samples } = parseExposition(await (await fetch(controller.metricsUrl)).text());
      return samples
        .filter(({ name, labels }) => name === 'rest_client_requests_total' && labels['method'] !== 'GET')
        .reduce((sum, { value }) => sum + value, 0);
    };
    const version = (await configuration()).metadata.resourceVersion;
    const writes = await metrics();
    if (env.supports('fast-time')) await env.advance(20 * 60_000);
    assert.equal(await metrics(), writes);
    assert.equal((await configuration()).metadata.resourceVersion, version);
  });
});

/** Certificates as another operator, or we, left them: good for so many days still. */
async function aged(namespace: string, daysLeft: number): Promise<{ authority: PemPair; server: PemPair }> {
  const madeAt = env.machine.clock.now() - (3650 - daysLeft) * DAY_MS;
  const authority = await makeAuthority(madeAt);
  return { authority, server: await issueServer(authority, `${SERVICE}.${namespace}.svc`, madeAt) };
}

function texts(
  { authority, server }: { authority: PemPair; server: PemPair },
  withKey: boolean,
): Record<string, string> {
  const key = withKey ? { [KEYS.authorityKey]: authority.key } : {};
  return { [KEYS.bundle]: authority.cert, [KEYS.cert]: server.cert, [KEYS.key]: server.key, ...key };
}

test('an authority that ends soon is renewed without a single refused request', async () => {
  await deleteConfiguration();
  const namespace = await install('renewal');
  const old = await aged(namespace, 60);
  await env.apply(
    certificateSecret(namespace, SERVICE, texts(old, false)),
    certificateSecret(namespace, `${SERVICE}-ca`, {
      [KEYS.bundle]: old.authority.cert,
      [KEYS.authorityKey]: old.authority.key,
    }),
  );
  const hook = await startWebhook(namespace, '--lookahead-interval=1h');
  const { port } = new URL(await hook.admissionUrl);
  await register(namespace, port);
  // As it is before the renewal: everybody trusts the old authority.
  const { webhooks = [], ...rest } = await configuration();
  const [ours, ...others] = webhooks;
  const clientConfig = {
    service: { ...ours?.clientConfig.service, name: SERVICE, namespace },
    caBundle: Buffer.from(old.authority.cert).toString('base64'),
  };
  await env.apply({ ...rest, webhooks: [{ ...ours, clientConfig }, ...others] } as KubeObject);
  await isAsked(namespace);

  const results: string[] = [];
  const over = new AbortController();
  const applying = (async () => {
    while (!over.signal.aborted) results.push(await create(namespace));
  })();
  const controller = await startController(namespace);
  try {
    const bundle = await env.eventually(async () => {
      const told = await isTold(namespace);
      assert.equal(certificatesIn(told).length, 2);
      return told;
    });
    const [renewed, previous] = certificatesIn(bundle);
    assert.equal(previous?.fingerprint256, new X509Certificate(old.authority.cert).fingerprint256);
    const newServer = async (): Promise<void> => {
      const { cert } = await secretTexts(namespace, SERVICE);
      assert.equal(
        new X509Certificate(cert).checkIssued(renewed!) && new X509Certificate(cert).verify(renewed!.publicKey),
        true,
      );
    };
    // Everybody has heard of the new authority before anything is signed with it.
    await assert.rejects(newServer());
    if (env.supports('fast-time')) await env.advance(11_000);
    await env.eventually(newServer, 30_000);
    await env.eventually(() => assert.match(hook.log(), /certificate changed/));
    const before = results.length;
    await env.eventually(() => assert.ok(results.length > before + 20));
  } finally {
    over.abort();
    await applying;
    await hook.stop();
    await controller.stop();
  }
  assert.deepEqual([...new Set(results)], ['accepted']);
});

test('certificates of External Secrets Operator are taken over as they are, only the key moves', async () => {
  await deleteConfiguration();
  const namespace = await install('takeover');
  const old = await aged(namespace, 3000);
  await env.apply(certificateSecret(namespace, SERVICE, texts(old, true)));
  const controller = await startController(namespace);
  try {
    await env.eventually(async () => {
      const [served, kept] = [await secretTexts(namespace, SERVICE), await secretTexts(namespace, `${SERVICE}-ca`)];
      assert.equal(served.authorityKey, '');
      assert.equal(kept.authorityKey, old.authority.key);
      assert.deepEqual([served.bundle, served.cert, served.key], [old.authority.cert, old.server.cert, old.server.key]);
    });
  } finally {
    await controller.stop();
  }
});

test('what was lost is made again: the server’s key at once, the authority’s with the old one still trusted', async () => {
  const namespace = await install('lost');
  const controller = await startController(namespace);
  try {
    const first = await env.eventually(async () => {
      const found = await secretTexts(namespace, SERVICE);
      assert.notEqual(found.cert, '');
      return found;
    });
    await env.apply(certificateSecret(namespace, SERVICE, { [KEYS.bundle]: first.bundle, [KEYS.cert]: first.cert }));
    await env.eventually(async () => {
      const found = await secretTexts(namespace, SERVICE);
      assert.notEqual(found.key, '');
      assert.equal(found.bundle, first.bundle);
    });
    await env.apply(certificateSecret(namespace, `${SERVICE}-ca`, {}));
    await env.eventually(async () => {
      const { bundle } = await secretTexts(namespace, SERVICE);
      assert.equal(certificatesIn(bundle).length, 2);
      assert.ok(bundle.endsWith(first.bundle));
    });
  } finally {
    await controller.stop();
  }
});

test('a Secret that is missing is named, with the remedy', async () => {
  const namespace = await env.namespace('missing');
  const controller = await startController(namespace);
  try {
    await env.eventually(() => assert.match(controller.log(), /hook does not exist: the chart makes it/));
    assert.equal((await fetch(`${controller.healthUrl}/readyz`)).status, 500);
    assert.equal((await fetch(`${controller.healthUrl}/healthz`)).status, 200);
  } finally {
    await controller.stop();
  }
});

test('only the leader works; the other is ready at once', async () => {
  const namespace = await install('leader');
  const first = await startController(namespace, '--enable-leader-election');
  await env.eventually(async () => assert.notEqual((await secretTexts(namespace, SERVICE)).cert, ''));
  const second = await startController(namespace, '--enable-leader-election');
  try {
    await env.eventually(async () => assert.equal((await fetch(`${second.healthUrl}/readyz`)).status, 200));
    assert.equal((await fetch(`${first.healthUrl}/readyz`)).status, 500);
    const lease = { namespace: env.machine.environment['POD_NAMESPACE'] ?? '', name: 'crd-certs-controller' };
    await env.kube.get(leases, lease);
  } finally {
    await second.stop();
    await first.stop();
  }
});

/** Does `act` while the API server refuses that our configuration is changed. */
async function whileRefused(act: () => Promise<void>): Promise<void> {
  const right = {
    group: 'admissionregistration.k8s.io',
    resource: validatingWebhookConfigurations.plural,
    verb: 'update',
  };
  const holder = { role: 'external-secrets-cert-controller', account: 'external-secrets-cert-controller' };
  if (env.kind === 'real') return without(env, holder, { ...right, name: CONFIGURATION }, act);
  await env.kubeFaults.respond({ method: 'PUT', path: /validatingwebhookconfigurations/ }, { status: 403 }, 2);
  await act();
}

test('a configuration that may not be changed gets an event that says so and counts', async (t) => {
  let controller: Controller | undefined;
  t.after(() => controller?.stop());
  await deleteConfiguration();
  const namespace = await install('refused');
  await register(namespace, '1');
  await whileRefused(async () => {
    controller = await startController(namespace);
    await env.eventually(async () => {
      const [event, ...more] = await env.events(undefined, CONFIGURATION);
      assert.deepEqual(
        [event?.type, event?.reason, event?.kind],
        ['Warning', 'UpdateFailed', 'ValidatingWebhookConfiguration'],
      );
      assert.ok(event!.count >= 2);
      assert.equal(more.length, 0);
    });
  });
  await isTold(namespace);
});

describe('the webhook ends, so that its Pod is started again,', requires(env, 'fast-time', 'minutes pass'), () => {
  async function endsBecause(hook: Awaited<ReturnType<typeof webhook>>, why: RegExp, afterMs: number): Promise<void> {
    const passing = env.eventually(() => env.advance(afterMs));
    assert.equal(await hook.exited, 1);
    await passing;
    assert.match(hook.log(), why);
  }

  test('when there is no certificate after two minutes', async () => {
    const hook = await webhook(env, `--cert-dir=${folder}`);
    assert.equal((await fetch(`${hook.healthUrl}/healthz`)).status, 200);
    await endsBecause(hook, /no usable certificate after 2 minutes: ENOENT/, 130_000);
  });

  test('when its certificate will not last as long as it was asked to look ahead', async () => {
    const namespace = await install('ends');
    await env.apply(certificateSecret(namespace, SERVICE, texts(await aged(namespace, 60), false)));
    const hook = await startWebhook(namespace);
    await hook.admissionUrl;
    assert.equal((await fetch(`${hook.healthUrl}/readyz`)).status, 200);
    await endsBecause(hook, /not good for long enough: the server certificate is valid from/, 301_000);
  });
});
