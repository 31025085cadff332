/**
 * Nothing secret leaves a Secret: a broad scenario whose every value is a canary, at the chattiest log level, and then a search
 * through everything that people and programs can read.
 */
import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import * as catalogue from '../../src/api/resources.ts';
import { doctorCommand } from '../../src/cli/doctor/command.ts';
import { canary, tracesOf } from '../builders/canary.ts';
import {
  annotated,
  aws,
  clusterSecretStore,
  configMap,
  entry,
  externalSecret,
  extract,
  fake,
  find,
  from,
  into,
  secret,
  secretStore,
  templated,
  vault,
} from '../builders/objects.ts';
import { OURS } from './cluster.ts';
import { useEnv } from './current-env.ts';
import { failsWith, holds, isSynced, isValid, storeFailsWith } from './views.ts';

const env = await useEnv();
const operator = await env.startOperator(['--loglevel=debug', '--enable-extended-metric-labels']);
const namespace = await env.namespace('canary');

/** Every value that may be nowhere but in a Secret, by what it is. */
const canaries = new Map<string, string>();

function hidden(what: string): string {
  const value = canaries.get(what) ?? canary(what);
  canaries.set(what, value);
  return value;
}

const force = async (name: string): Promise<void> => {
  const annotations = { 'force-sync': String(Math.random()) };
  await env.kube.patch(catalogue.externalSecrets, { namespace, name }, { metadata: { annotations } });
};

before(async () => {
  await env.aws.addAccessKey('AKIACANARY', hidden('aws key'));
  await env.apply(
    secret(namespace, 'aws', { id: 'AKIACANARY', key: hidden('aws key') }),
    secret(namespace, 'aws-wrong', { id: 'AKIACANARY', key: hidden('wrong aws key') }),
    secret(namespace, 'vault', { token: env.vault.rootToken }),
    secret(namespace, 'vault-wrong', { token: 'x'.repeat(10) + hidden('wrong vault token').replaceAll(/[^\w]/g, '_') }),
    secret(namespace, 'input', { template: '{{ .a }}:' + hidden('template in a Secret') }),
    configMap(namespace, 'input', { broken: '{{ .a | nothing }}', good: 'key: {{ .a }}' }),
    secretStore(namespace, 'sm', aws('aws')),
    secretStore(namespace, 'ssm', aws('aws', { service: 'ParameterStore' })),
    secretStore(namespace, 'vault', vault(env.vault.address, 'vault')),
    secretStore(namespace, 'vault-wrong', vault(env.vault.address, 'vault-wrong')),
    clusterSecretStore('canary', vault(env.vault.address, 'vault')),
  );
  canaries.set('cut vault token', canaries.get('wrong vault token')!.replaceAll(/[^\w]/g, '_'));
  for (const store of ['sm', 'ssm', 'vault']) await isValid(env, namespace, store);
});

describe('what happens', () => {
  test('values arrive, change and go', async () => {
    await env.aws.putSecret('canary/db', JSON.stringify({ user: hidden('aws user'), pass: hidden('aws pass') }));
    await env.aws.putParameter('/canary/p', hidden('aws parameter'), { type: 'SecureString' });
    await env.vault.put('secret', 'canary', { user: hidden('vault user'), deep: { pass: hidden('vault pass') } });
    await env.apply(
      externalSecret(namespace, 'sm', from('sm'), extract('canary/db')),
      externalSecret(namespace, 'ssm', from('ssm'), entry('p', '/canary/p')),
      externalSecret(namespace, 'kv', from('vault'), extract('canary'), entry('pass', 'canary', 'deep.pass')),
      externalSecret(namespace, 'cluster', from('canary', 'ClusterSecretStore'), entry('pass', 'canary', 'deep.pass')),
      externalSecret(namespace, 'found', from('vault'), find({ name: { regexp: '^canary$' } })),
    );
    for (const name of ['sm', 'ssm', 'kv', 'cluster', 'found']) await isSynced(env, namespace, name);
    await env.aws.putSecret('canary/db', JSON.stringify({ user: hidden('aws user 2'), pass: hidden('aws pass 2') }));
    await force('sm');
    await holds(env, namespace, 'sm', { user: hidden('aws user 2'), pass: hidden('aws pass 2') });
    const patch = { data: { user: Buffer.from(hidden('drift')).toString('base64') } };
    await env.kube.patch(catalogue.secrets, { namespace, name: 'sm' }, patch, { fieldManager: 'kubectl-edit' });
    await holds(env, namespace, 'sm', { user: hidden('aws user 2'), pass: hidden('aws pass 2') });
  });

  test('templates render, and fail in every way', async () => {
    await env.vault.put('secret', 'templates', { a: hidden('template input'), list: '- ' + hidden('template list') });
    const input = [from('vault'), extract('templates')] as const;
    await env.apply(
      externalSecret(
        namespace,
        'rendered',
        ...input,
        templated({ data: { url: 'db://{{ .a | urlquery }}:{{ .a | b64enc }}@h' } }),
      ),
      externalSecret(
        namespace,
        'from-secret',
        ...input,
        templated({ templateFrom: [{ secret: { name: 'input', items: [{ key: 'template' }] } }] }),
      ),
    );
    for (const name of ['rendered', 'from-secret']) await isSynced(env, namespace, name);
    const bad: Record<string, Parameters<typeof templated>[0]> = {
      function: { data: { x: '{{ .a | nothing }}' } },
      fail: { data: { x: '{{ fail (printf "no %s" .a) }}' } },
      json: { data: { x: '{{ (.a | mustFromJson).b }}' } },
      date: { data: { x: '{{ .a | mustToDate "2006-01-02" }}' } },
      index: { data: { x: '{{ index .a 9999 }}' } },
      number: { data: { x: '{{ add1 .a.b }}' } },
      regexp: { data: { x: '{{ mustRegexMatch (printf "(%s" .a) "x" }}' } },
      yaml: { templateFrom: [{ literal: '{{ .list }}' }] },
      label: { metadata: { labels: { team: '{{ .a }}' } } },
      'config-map': { templateFrom: [{ configMap: { name: 'input', items: [{ key: 'broken' }] } }] },
      'not-a-key': { data: { 'no key': '{{ .a }}' } },
      type: { type: 'kubernetes.io/dockerconfigjson', data: { '.dockerconfigjson': '{{ .a }}' } },
    };
    for (const [name, template] of Object.entries(bad)) {
      await env.apply(externalSecret(namespace, `bad-${name}`, ...input, templated(template)));
      await failsWith(env, namespace, `bad-${name}`);
    }
  });

  test('values are not what was said', async () => {
    await env.vault.put('secret', 'shapes', {
      json: `{"a": "${hidden('cut JSON').replaceAll(/["\\]/g, '')}`,
      text: hidden('text'),
      base64: '!' + hidden('no Base64'),
      number: hidden('no number'),
    });
    await env.aws.putSecret('canary/cut', `{"a": "${hidden('cut AWS JSON').replaceAll(/["\\]/g, '')}`);
    for (const [what, value] of canaries)
      if (what.startsWith('cut ')) canaries.set(what, value.replaceAll(/["\\]/g, ''));
    await env.aws.putSecret('canary/nul', Buffer.from(`\0${hidden('NUL')}`));
    const rows = {
      'vault-member': [from('vault'), entry('a', 'shapes', 'json.a.b')],
      'vault-base64': [from('vault'), entry('a', 'shapes', 'base64', { decodingStrategy: 'Base64' })],
      'vault-merge': [from('vault'), extract('shapes', { rewrite: [{ merge: {} }] })],
      'aws-cut': [from('sm'), extract('canary/cut')],
      'aws-member': [from('sm'), entry('a', 'canary/cut', 'a')],
      'aws-nul': [from('sm'), entry('a', 'canary/nul', undefined, { nullBytePolicy: 'Fail' })],
    } as const;
    for (const [name, parts] of Object.entries(rows)) {
      await env.apply(externalSecret(namespace, name, ...parts));
      await failsWith(env, namespace, name);
    }
    await env.apply(
      secretStore(namespace, 'fake', fake({ cut: '{"a": "x' })),
      externalSecret(namespace, 'fake-cut', from('fake'), extract('cut')),
    );
    await failsWith(env, namespace, 'fake-cut');
  });

  test('backends deny, throttle, fail and talk nonsense', async () => {
    await storeFailsWith(env, namespace, 'vault-wrong');
    await env.apply(externalSecret(namespace, 'denied', from('vault-wrong'), entry('a', 'canary', 'user')));
    await failsWith(env, namespace, 'denied');
    if (env.supports('aws-faults')) {
      for (const fault of ['deny', 'throttle', 'unavailable'] as const) {
        await env.aws.putSecret(`canary/${fault}`, hidden(`aws ${fault}`));
        for (const action of ['GetSecretValue', 'BatchGetSecretValue']) await env.aws.fault(action, fault);
        await env.apply(externalSecret(namespace, `aws-${fault}`, from('sm'), entry('a', `canary/${fault}`)));
        await failsWith(env, namespace, `aws-${fault}`);
        await env.aws.heal();
      }
    }
    if (env.supports('vault-faults')) {
      for (const fault of [403, 500, 'malformed'] as const) {
        await env.vault.put('secret', `fault-${fault}`, { user: hidden(`vault ${fault}`) });
        await env.vault.fault(`secret/data/fault-${fault}`, fault);
        await env.apply(
          externalSecret(namespace, `vault-${fault}`, from('vault'), entry('a', `fault-${fault}`, 'user')),
        );
        await failsWith(env, namespace, `vault-${fault}`);
        await env.vault.heal();
      }
    }
  });

  test('Secrets are refused, taken and thrown away', async () => {
    const value = hidden('somebody else');
    await env.apply(
      { ...secret(namespace, 'frozen', { a: value }), immutable: true } as ReturnType<typeof secret>,
      externalSecret(namespace, 'frozen', from('vault'), entry('a', 'canary', 'user')),
      annotated(
        { note: 'x' },
        externalSecret(namespace, 'adopted', from('vault'), entry('a', 'canary', 'user'), into({ name: 'taken' })),
      ),
      externalSecret(namespace, 'late', from('vault'), entry('a', 'canary', 'user'), into({ name: 'taken' })),
    );
    await failsWith(env, namespace, 'frozen', /immutable/);
    await isSynced(env, namespace, 'adopted');
    await failsWith(env, namespace, 'late', /belongs to ExternalSecret "adopted"/);
    await env.kube.delete(catalogue.externalSecrets, { namespace, name: 'adopted' });
  });
});

describe('afterwards no value is in', () => {
  const nowhere = (where: string, text: string): void => {
    for (const [what, value] of canaries) assert.deepEqual(tracesOf(value, text), [], `${what} in ${where}`);
  };

  test('the search finds what it is looking for', () => {
    for (const [what, value] of canaries) {
      for (const text of [
        value,
        JSON.stringify({ value }),
        Buffer.from(`x${value}`).toString('base64'),
        encodeURIComponent(value),
      ])
        assert.notDeepEqual(tracesOf(value, `before ${text} after`), [], what);
    }
    assert.ok(canaries.size > 15);
  });

  test('the log', () => {
    const lines = operator.logs();
    assert.ok(lines.length > 30, `${lines.length} lines`);
    for (const line of lines) nowhere('the log', JSON.stringify(line));
  });

  test('the events', async () => {
    const { items } = await env.kube.list(catalogue.events, { namespace });
    assert.ok(items.length > 30);
    nowhere('the events', JSON.stringify(items));
  });

  test('any object but Secrets and what a person wrote', async () => {
    for (const resource of [...OURS, catalogue.configMaps, catalogue.serviceAccounts, catalogue.leases]) {
      const { items } = await env.kube.list(resource, {});
      nowhere(resource.plural, JSON.stringify(items));
    }
  });

  test('the metadata of Secrets', async () => {
    const { items } = await env.kube.list(catalogue.secrets, { namespace });
    assert.ok(items.length > 10);
    // What kubectl left there is a person's own.
    nowhere('Secrets', JSON.stringify(items.map(({ metadata }) => metadata)));
  });

  test('what doctor tells of each of them', async () => {
    const { items } = await env.kube.list(catalogue.externalSecrets, { namespace });
    assert.ok(items.length > 20);
    const terminal = { isTerminal: false, env: await env.machine.environmentOf('administrator') };
    for (const { metadata } of items)
      nowhere('doctor', (await doctorCommand([`${namespace}/${metadata.name}`], terminal)).output);
  });

  test('metrics and health', async () => {
    nowhere('metrics', await env.metrics());
    for (const path of ['/healthz', '/readyz', '/healthz?verbose'])
      nowhere(path, await (await fetch(`${operator.healthUrl}${path}`)).text());
  });
});
