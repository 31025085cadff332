import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import type { TestContext } from 'node:test';
import { test } from 'node:test';
import { ManualClock } from '../../test/builders/manual-clock.ts';
import { ConfigError, loadKubeConfig } from './config.ts';

const clock = new ManualClock();
const base64 = (text: string): string => Buffer.from(text).toString('base64');

async function folder(t: TestContext): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'kube-config-'));
  t.after(() => rm(path, { recursive: true }));
  return path;
}

function kubeconfig(name: string, user: string): string {
  return `apiVersion: v1
kind: Config
current-context: ${name}
clusters: [{ name: ${name}, cluster: { server: 'https://${name}.example:6443/', certificate-authority: ca.pem } }]
contexts: [{ name: ${name}, context: { cluster: ${name}, user: ${name}, namespace: team } }]
users: [{ name: ${name}, user: ${user} }]
`;
}

async function pod(t: TestContext) {
  const dir = await folder(t);
  await writeFile(join(dir, 'ca.crt'), 'CA');
  await writeFile(join(dir, 'token'), 'pod-token');
  await writeFile(join(dir, 'namespace'), 'system\n');
  return { serviceHost: '10.0.0.1', servicePort: '443', serviceAccountDir: dir, clock };
}

test('KUBECONFIG wins over the Pod and over the home folder', async (t) => {
  const dir = await folder(t);
  await writeFile(join(dir, 'ca.pem'), 'CA');
  const user = `{ client-certificate-data: ${base64('CERT')}, client-key-data: ${base64('KEY')} }`;
  await writeFile(join(dir, 'config'), kubeconfig('one', user));
  const config = await loadKubeConfig({ ...(await pod(t)), kubeconfig: join(dir, 'config'), home: dir });
  assert.deepEqual(
    [config.source, config.server, config.namespace, config.ca, config.cert, config.key, config.token],
    ['kubeconfig', 'https://one.example:6443', 'team', 'CA', 'CERT', 'KEY', undefined],
  );
});

test('several kubeconfigs are merged, the first current context counts, another may be chosen', async (t) => {
  const dir = await folder(t);
  await writeFile(join(dir, 'ca.pem'), 'CA');
  await writeFile(join(dir, 'a'), kubeconfig('one', '{ token: t1 }'));
  await writeFile(join(dir, 'b'), kubeconfig('two', '{ token: t2 }'));
  const paths = [join(dir, 'a'), join(dir, 'b')].join(delimiter);
  const first = await loadKubeConfig({ kubeconfig: paths, clock });
  const second = await loadKubeConfig({ kubeconfig: paths, context: 'two', clock });
  assert.deepEqual([first.server, await first.token?.()], ['https://one.example:6443', 't1']);
  assert.deepEqual([second.server, await second.token?.()], ['https://two.example:6443', 't2']);
});

test('credentials of an exec plugin are asked for', async (t) => {
  const dir = await folder(t);
  await writeFile(join(dir, 'ca.pem'), 'CA');
  const credential = {
    apiVersion: 'client.authentication.k8s.io/v1',
    kind: 'ExecCredential',
    status: { token: 'xyz' },
  };
  const script = `console.log(${JSON.stringify(JSON.stringify(credential))})`;
  const exec = { apiVersion: credential.apiVersion, command: process.execPath, args: ['-e', script] };
  await writeFile(join(dir, 'config'), kubeconfig('one', JSON.stringify({ exec })));
  const config = await loadKubeConfig({ kubeconfig: join(dir, 'config'), clock });
  assert.equal(await config.token?.(), 'xyz');
});

test('in a Pod the service account is used, its token read from the file', async (t) => {
  const config = await loadKubeConfig(await pod(t));
  assert.deepEqual(
    [config.source, config.server, config.namespace, config.ca, await config.token?.()],
    ['in-cluster', 'https://10.0.0.1:443', 'system', 'CA', 'pod-token'],
  );
  const v6 = await loadKubeConfig({ ...(await pod(t)), serviceHost: 'fd00::1' });
  assert.equal(v6.server, 'https://[fd00::1]:443');
});

test('a token file of a kubeconfig is read again, and comes before a token', async (t) => {
  const dir = await folder(t);
  const time = new ManualClock();
  await writeFile(join(dir, 'ca.pem'), 'CA');
  await writeFile(join(dir, 'config'), kubeconfig('one', '{ tokenFile: robot, token: never }'));
  await writeFile(join(dir, 'robot'), 'first\n');
  const { token } = await loadKubeConfig({ kubeconfig: join(dir, 'config'), clock: time });
  assert.equal(await token?.(), 'first');
  await writeFile(join(dir, 'robot'), 'second');
  await time.advance(61_000);
  assert.equal(await token?.(), 'second');
});

test('in a Pod the authorities are read again for each new connection, and kept while they cannot be', async (t) => {
  const sources = await pod(t);
  const { readCa } = await loadKubeConfig(sources);
  await writeFile(join(sources.serviceAccountDir, 'ca.crt'), 'CA 2');
  assert.equal(readCa?.(), 'CA 2');
  await rm(join(sources.serviceAccountDir, 'ca.crt'));
  assert.equal(readCa?.(), 'CA 2');
});

test('the proxy of the environment serves unless it exempts the API server or the kubeconfig names another', async (t) => {
  const sources = { ...(await pod(t)), proxies: { http: undefined, https: 'http://proxy:3128', no: undefined } };
  assert.equal((await loadKubeConfig(sources)).proxyUrl, 'http://proxy:3128');
  const exempt = { ...sources.proxies, no: '10.0.0.0/16' };
  assert.equal((await loadKubeConfig({ ...sources, proxies: exempt })).proxyUrl, undefined);
  const dir = await folder(t);
  await writeFile(join(dir, 'ca.pem'), 'CA');
  const own = kubeconfig('one', '{ token: t }').replace('cluster: {', "cluster: { proxy-url: 'http://own:1',");
  await writeFile(join(dir, 'config'), own);
  const found = await loadKubeConfig({ ...sources, kubeconfig: join(dir, 'config') });
  assert.equal(found.proxyUrl, 'http://own:1');
});

test('at home, ~/.kube/config is the last resort', async (t) => {
  const home = await folder(t);
  await mkdir(join(home, '.kube'));
  await writeFile(join(home, '.kube', 'ca.pem'), 'CA');
  await writeFile(join(home, '.kube', 'config'), kubeconfig('one', '{ token: t1 }'));
  assert.equal((await loadKubeConfig({ home, clock })).server, 'https://one.example:6443');
});

test('what is missing is said with what to do', async (t) => {
  const dir = await folder(t);
  await assert.rejects(loadKubeConfig({ clock, home: dir }), /set KUBECONFIG, run in a Pod, or create/);
  await assert.rejects(loadKubeConfig({ clock, kubeconfig: join(dir, 'none') }), ConfigError);
  await writeFile(join(dir, 'config'), kubeconfig('one', '{ token: t1 }'));
  await assert.rejects(loadKubeConfig({ clock, kubeconfig: join(dir, 'config') }), /ca\.pem cannot be read/);
  await assert.rejects(
    loadKubeConfig({ clock, kubeconfig: join(dir, 'config'), context: 'other' }),
    /context "other" names no cluster/,
  );
});
