/**
 * The system endpoints: health, mounts, auth methods, policies, capabilities.
 */
import type { Engine, EngineRequest } from './engine.ts';
import { isObject, text, texts, type JsonBody } from './json.ts';
import { failure, noContent, notFound, notInSandbox, ok, type Reply } from './reply.ts';
import { capabilitiesOn, type PathRule } from './policy.ts';
import type { Token } from './tokens.ts';

export const VERSION = '1.21.2';

export interface Mounted {
  readonly engine: Engine;
  readonly settings: JsonBody;
}

/** What the system endpoints change and show. */
export interface Controls {
  readonly mounts: ReadonlyMap<string, Mounted>;
  mount(path: string, settings: JsonBody): Reply;
  unmount(path: string): void;
  readonly policies: ReadonlyMap<string, string>;
  setPolicy(name: string, document: string | undefined): Reply;
  rulesOf(token: Token): readonly PathRule[] | 'root';
  now(): number;
}

export class System implements Engine {
  readonly type = 'system';
  readonly #controls: Controls;

  constructor(controls: Controls) {
    this.#controls = controls;
  }

  isOpen(path: string): boolean {
    return ['health', 'seal-status', 'leader'].includes(path) || path.startsWith('internal/ui/mounts/');
  }

  exists(): boolean {
    return true;
  }

  handle(request: EngineRequest): Reply {
    const [area = '', ...rest] = request.path.replace(/\/$/, '').split('/');
    const name = rest.join('/');
    switch (area) {
      case 'health':
        return this.#health();
      case 'seal-status':
        return {
          status: 200,
          body: { type: 'shamir', initialized: true, sealed: false, t: 1, n: 1, progress: 0, version: VERSION },
        };
      case 'mounts':
        return this.#mounts(request, '', name);
      case 'auth':
        return this.#mounts(request, 'auth/', name);
      case 'policy':
        return this.#policy(request, name, 'rules');
      case 'policies':
        return this.#policy(request, name.replace(/^acl\/?/, ''), 'policy');
      case 'capabilities-self':
        return this.#capabilities(request);
      case 'internal':
        return this.#mountOf(name.replace(/^ui\/mounts\//, ''));
      default:
        return notInSandbox(`sys/${request.path}`);
    }
  }

  #health(): Reply {
    return {
      status: 200,
      body: {
        initialized: true,
        sealed: false,
        standby: false,
        performance_standby: false,
        replication_performance_mode: 'disabled',
        replication_dr_mode: 'disabled',
        server_time_utc: Math.floor(this.#controls.now() / 1000),
        version: VERSION,
        enterprise: false,
        cluster_name: 'vault-cluster-sandbox',
        cluster_id: '00000000-0000-0000-0000-000000000000',
        echo_duration_ms: 0,
        clock_skew_ms: 0,
        replication_primary_canary_age_ms: 0,
      },
    };
  }

  #mounts({ operation, body }: EngineRequest, kind: '' | 'auth/', name: string): Reply {
    if (operation === 'read' && name === '') return this.#listMounts(kind);
    if (operation === 'write' && name !== '') return this.#controls.mount(`${kind}${name}/`, body);
    if (operation === 'delete' && name !== '') {
      this.#controls.unmount(`${kind}${name}/`);
      return noContent;
    }
    return notInSandbox(`${operation} of sys/mounts/${name}`);
  }

  #listMounts(kind: '' | 'auth/'): Reply {
    const shown = [...this.#controls.mounts]
      .filter(([path]) => path.startsWith('auth/') === (kind === 'auth/'))
      .map(([path, mounted]) => [path.slice(kind.length), describe(mounted)] as const);
    const data = Object.fromEntries(shown);
    return ok({ data, repeated: data, mountType: 'system' });
  }

  #mountOf(path: string): Reply {
    const found = [...this.#controls.mounts].find(([mount]) => `${path.replace(/\/$/, '')}/`.startsWith(mount));
    if (found === undefined)
      return failure(
        403,
        'preflight capability check returned 403, please ensure client\'s policies grant access to path "' +
          path +
          '/"',
      );
    return ok({ data: { ...describe(found[1]), path: found[0] } });
  }

  #policy({ operation, body }: EngineRequest, name: string, field: 'rules' | 'policy'): Reply {
    const { policies } = this.#controls;
    if (operation === 'list' || (operation === 'read' && name === '')) {
      const data = { keys: [...[...policies.keys()].sort(), 'root'] };
      return ok({
        data,
        mountType: 'system',
        ...(field === 'rules' ? { repeated: { ...data, policies: data.keys } } : {}),
      });
    }
    if (operation === 'write') return this.#controls.setPolicy(name, text(body, 'policy') || text(body, 'rules'));
    if (operation === 'delete') return this.#controls.setPolicy(name, undefined);
    const document = policies.get(name);
    if (document === undefined) return notFound;
    const data = { name, [field]: document };
    return ok({ data, mountType: 'system', ...(field === 'rules' ? { repeated: data } : {}) });
  }

  #capabilities({ body, token }: EngineRequest): Reply {
    if (token === undefined) return notFound;
    const rules = this.#controls.rulesOf(token);
    const on = (path: string): string[] => {
      if (rules === 'root') return ['root'];
      const all = [...capabilitiesOn(rules, path)].sort();
      return all.length === 0 ? ['deny'] : all;
    };
    const data = Object.fromEntries(texts(body, 'paths').map((path) => [path, on(path)]));
    return ok({ data, repeated: data, mountType: 'system' });
  }
}

function describe({ engine, settings }: Mounted): object {
  const options = isObject(settings['options']) ? settings['options'] : null;
  return {
    accessor: `${engine.type}_sandbox`,
    config: { default_lease_ttl: 0, force_no_cache: false, max_lease_ttl: 0 },
    description: text(settings, 'description'),
    external_entropy_access: false,
    local: false,
    options,
    plugin_version: '',
    seal_wrap: false,
    type: engine.type,
  };
}
