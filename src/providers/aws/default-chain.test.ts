import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, beforeEach, describe, it } from 'node:test';
import { startAws, type SandboxAws } from '../../../sandbox/aws/server.ts';
import { environmentOf } from '../../../test/conformance/aws.ts';
import { MemoryCluster } from '../../../test/conformance/cluster.ts';
import { WarpClock } from '../../../test/builders/warp-clock.ts';
import { defaultChain } from './default-chain.ts';
import type { KeySource } from './keys.ts';

const { signal } = new AbortController();
const HOUR = 3_600_000;
const KEYS = { AWS_ACCESS_KEY_ID: 'AKIAENV', AWS_SECRET_ACCESS_KEY: 'env-secret' };
const NO_INSTANCE = { AWS_EC2_METADATA_DISABLED: 'true' };

describe('the operator’s own AWS identity', () => {
  const clock = new WarpClock();
  const folder = mkdtempSync(join(tmpdir(), 'default-chain-'));
  let aws: SandboxAws;
  let agent: Agent;

  before(async () => {
    aws = await startAws({ clock });
    agent = await startAgent(clock);
  });
  after(async () => {
    await aws.stop();
    agent.stop();
    rmSync(folder, { recursive: true });
  });
  beforeEach(async () => {
    await aws.resetCalls();
    agent.asked.length = 0;
    agent.broken = false;
  });

  function chain(variables: Readonly<Record<string, string>>): KeySource {
    const environment = environmentOf(aws, { ...NO_INSTANCE, ...variables });
    return defaultChain({ region: 'eu-central-1', environment, observe: () => {}, signal }, clock);
  }

  const file = (name: string, content: string): string => {
    const path = join(folder, name);
    writeFileSync(path, content);
    return path;
  };

  const idOf = async (source: KeySource): Promise<string> => (await source.get()).accessKeyId;

  /** As kubelet writes it for IRSA. */
  async function webToken(): Promise<string> {
    const cluster = new MemoryCluster(clock);
    cluster.putServiceAccount('eso', 'eso');
    const request = { audiences: ['sts.amazonaws.com'] };
    const { token } = await cluster.access(undefined, 'eso').serviceAccountToken('', { name: 'eso' }, request);
    return token.revealText();
  }

  const container = (tokenFile: string): Record<string, string> => ({
    AWS_CONTAINER_CREDENTIALS_FULL_URI: agent.url,
    AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: tokenFile,
  });

  it('keys of the environment go before web identity, that before files, those before the container’s', async () => {
    const all = {
      ...KEYS,
      AWS_WEB_IDENTITY_TOKEN_FILE: file('web', await webToken()),
      AWS_ROLE_ARN: 'arn:aws:iam::444455556666:role/own',
      AWS_SHARED_CREDENTIALS_FILE: file('ini', '[default]\naws_access_key_id=AKIAINI\naws_secret_access_key=s\n'),
      AWS_CONFIG_FILE: file('config', ''),
      ...container(file('pod', 'pod-token')),
    };
    assert.equal(await idOf(chain(all)), 'AKIAENV');
    const { AWS_ACCESS_KEY_ID: _id, AWS_SECRET_ACCESS_KEY: _key, ...withoutKeys } = all;
    assert.match(await idOf(chain(withoutKeys)), /^ASIA/);
    assert.equal((await aws.calls()).get('AssumeRoleWithWebIdentity'), 1);
    const { AWS_WEB_IDENTITY_TOKEN_FILE: _file, ...withoutWeb } = withoutKeys;
    assert.equal(await idOf(chain(withoutWeb)), 'AKIAINI');
    assert.equal(await idOf(chain(container(file('pod', 'pod-token')))), 'ASIAPOD1');
  });

  describe('EKS Pod Identity', () => {
    it('asks the agent once for all, and again when nine tenths of the keys’ life are over', async () => {
      const source = chain(container(file('pod', 'pod-token')));
      const [one, two] = await Promise.all([idOf(source), idOf(source)]);
      assert.equal(one, two);
      await clock.advance(0.89 * HOUR);
      assert.equal(await idOf(source), one);
      assert.equal(agent.asked.length, 1);
      await clock.advance(0.02 * HOUR);
      assert.notEqual(await idOf(source), one);
      assert.equal(agent.asked.length, 2);
    });

    it('sends the token that is in the file at that moment', async () => {
      const path = file('pod', 'first-token');
      const source = chain(container(path));
      await source.get();
      file('pod', 'second-token');
      await clock.advance(HOUR);
      await source.get();
      assert.deepEqual(agent.asked, ['first-token', 'second-token']);
    });

    it('keys that AWS calls expired before their time are asked for anew, with the file’s token', async () => {
      const path = file('pod', 'first-token');
      const source = chain(container(path));
      const before = await idOf(source);
      file('pod', 'second-token');
      source.forget();
      assert.notEqual(await idOf(source), before);
      assert.deepEqual(agent.asked, ['first-token', 'second-token']);
    });

    it('an agent that fails is told without the token, and asked again by the next', async () => {
      const source = chain(container(file('pod', 'pod-token')));
      agent.broken = true;
      await assert.rejects(source.get(), (error: Error) => {
        assert.equal(error.name, 'AuthenticationError');
        assert.match(error.message, /own AWS identity cannot be had/);
        assert.doesNotMatch(error.message, /pod-token/);
        return true;
      });
      agent.broken = false;
      assert.match(await idOf(source), /^ASIAPOD/);
    });
  });

  describe('web identity', () => {
    const role = 'arn:aws:iam::444455556666:role/own';
    const variables = (path: string): Record<string, string> => ({
      AWS_WEB_IDENTITY_TOKEN_FILE: path,
      AWS_ROLE_ARN: role,
    });
    const offered = (): readonly unknown[] => aws.recorded().map(({ input }) => input['WebIdentityToken']);

    it('reads the token anew at each renewal, and the role’s session bears the name of the environment', async () => {
      const [first, second] = [await webToken(), await webToken()];
      const source = chain({ ...variables(file('web', `${first}\n`)), AWS_ROLE_SESSION_NAME: 'named' });
      const before = await idOf(source);
      assert.equal(await idOf(source), before);
      file('web', second);
      await clock.advance(0.91 * HOUR);
      assert.notEqual(await idOf(source), before);
      assert.deepEqual(offered(), [first, second]);
      assert.equal(aws.recorded()[0]?.input['RoleSessionName'], 'named');
    });

    it('an expired token is refused until kubelet has written the next: then it works without a restart', async () => {
      const path = file('web', await webToken());
      const source = chain(variables(path));
      await source.get();
      await clock.advance(2 * HOUR);
      await assert.rejects(source.get(), { name: 'AuthenticationError', message: /role\/own.*ExpiredToken/ });
      file('web', await webToken());
      assert.match(await idOf(source), /^ASIA/);
    });

    it('a file that is not there is named', async () => {
      const path = join(folder, 'nowhere');
      await assert.rejects(chain(variables(path)).get(), { message: new RegExp(`token ${path} cannot be read`) });
    });
  });

  it('shared files are looked at again after ten minutes', async () => {
    const ini = (id: string): string => `[team]\naws_access_key_id=${id}\naws_secret_access_key=s\n`;
    const source = chain({
      AWS_SHARED_CREDENTIALS_FILE: file('ini', ini('AKIAONE')),
      AWS_CONFIG_FILE: file('config', ''),
      AWS_PROFILE: 'team',
    });
    assert.equal(await idOf(source), 'AKIAONE');
    file('ini', ini('AKIATWO'));
    assert.equal(await idOf(source), 'AKIAONE');
    await clock.advance(10 * 60_000);
    assert.equal(await idOf(source), 'AKIATWO');
  });
});

interface Agent {
  readonly url: string;
  /** The tokens that were shown. */
  readonly asked: string[];
  broken: boolean;
  stop(): void;
}

/** The agent on an EKS node: other keys at each question, good for an hour of the fast clock. */
async function startAgent(clock: WarpClock): Promise<Agent> {
  let given = 0;
  const server: Server = createServer((request, response) => {
    if (agent.broken) return void response.writeHead(403).end(`no: ${request.headers.authorization ?? ''}`);
    agent.asked.push(request.headers.authorization ?? '');
    given += 1;
    const keys = { AccessKeyId: `ASIAPOD${given}`, SecretAccessKey: 'pod-secret', Token: 'session' };
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify({ ...keys, Expiration: new Date(clock.now() + HOUR).toISOString() }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1/credentials`;
  const agent: Agent = {
    url,
    asked: [],
    broken: false,
    stop() {
      server.closeAllConnections();
      server.close();
    },
  };
  return agent;
}
