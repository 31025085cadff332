/**
 * What the real parts are: names, pinned versions and how each is made. The dependency graphs are pinned by the Go
 * modules and the Python requirements in `modules/`; this file only says what to build from them.
 */
import { createHash } from 'node:crypto';
import { globSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

export type PartName =
  | 'etcd'
  | 'kube-apiserver'
  | 'kube-controller-manager'
  | 'kubectl'
  | 'vault'
  | 'vault-auth-kubernetes'
  | 'helm3'
  | 'helm4'
  | 'moto';

/** What a node needs besides, see `node.ts`. */
export type NodePartName = 'kubelet' | 'kube-scheduler' | 'pause';

export interface GoPart<Name extends string = Exclude<PartName, 'moto'> | NodePartName> {
  readonly name: Name;
  readonly version: string;
  /** Folder below `modules/` that pins the dependencies. */
  readonly module: string;
  /** The main package. */
  readonly pkg: string;
  readonly tags?: string;
  readonly ldflags?: string;
  /** File name of the result; a Vault plugin is registered under the name of its file. */
  readonly file: string;
  /** Minutes on two cores with an empty Go cache: said before the build starts. */
  readonly minutes: number;
  /** Only our own build will do, not a program of that name that the machine has. */
  readonly pinned: boolean;
  /** The module is our own: its sources go into the name of the folder in the cache. */
  readonly own?: true;
}

/** The minors of Kubernetes that the suite runs on, newest first, and the recipe of each. kubectl is always the newest. */
const KUBERNETES = {
  '1.36': { version: 'v1.36.3', module: 'kubernetes' },
  '1.35': { version: 'v1.35.4', module: 'kubernetes-1.35' },
} as const;

export type KubernetesMinor = keyof typeof KUBERNETES;

const NEWEST: KubernetesMinor = '1.36';
const KUBERNETES_VARIABLE = 'EXTERNAL_SECRETS_KUBERNETES';

/** `EXTERNAL_SECRETS_KUBERNETES`, else the newest. @throws when there is no recipe for it. */
export function kubernetesMinor(env: NodeJS.ProcessEnv): KubernetesMinor {
  const wanted = env[KUBERNETES_VARIABLE] || NEWEST;
  if (wanted in KUBERNETES) return wanted as KubernetesMinor;
  const known = Object.keys(KUBERNETES).join(' and ');
  throw new Error(`${KUBERNETES_VARIABLE} is "${wanted}"; there are recipes for ${known}`);
}

function kubernetes<Name extends string>(name: Name, minutes: number, minor: KubernetesMinor = NEWEST): GoPart<Name> {
  const { version, module } = KUBERNETES[minor];
  const pkg = `k8s.io/kubernetes/cmd/${name}`;
  const variable = 'k8s.io/component-base/version';
  const ldflags = [
    `-X ${variable}.gitVersion=${version}`,
    `-X ${variable}.gitMajor=1`,
    `-X ${variable}.gitMinor=${version.split('.')[1]}`,
  ].join(' ');
  return { name, version, module, pkg, ldflags, file: name, minutes, pinned: minor !== NEWEST };
}

/** `minor`: of the Kubernetes client inside; what `helm template` and `helm lint` believe to talk to. Helm 4 finds it itself. */
function helm(major: '3' | '4', version: string, minor = 37): GoPart<'helm3' | 'helm4'> {
  const module = `helm.sh/helm/v${major}`;
  const kubernetesMinor = ['chartutil', 'lint/rules'].map((pkg) => `-X ${module}/pkg/${pkg}.k8sVersionMinor=${minor}`);
  const ldflags = [`-X ${module}/internal/version.version=${version}`, ...(major === '3' ? kubernetesMinor : [])].join(
    ' ',
  );
  const name = `helm${major}` as const;
  return { name, version, module: name, pkg: `${module}/cmd/helm`, ldflags, file: 'helm', minutes: 2, pinned: true };
}

const BACKEND_PARTS: readonly GoPart<'vault' | 'vault-auth-kubernetes'>[] = [
  {
    name: 'vault',
    version: 'v1.21.2',
    module: 'vault',
    pkg: 'github.com/hashicorp/vault',
    tags: 'minimal',
    file: 'vault',
    minutes: 6,
    pinned: false,
  },
  {
    name: 'vault-auth-kubernetes',
    version: 'v0.23.1',
    module: 'vault-auth-kubernetes',
    pkg: 'github.com/hashicorp/vault-plugin-auth-kubernetes/cmd/vault-plugin-auth-kubernetes',
    file: 'kubernetes',
    minutes: 2,
    pinned: true,
  },
];

const ETCD: GoPart<'etcd'> = {
  name: 'etcd',
  version: 'v3.6.8',
  module: 'etcd',
  pkg: 'go.etcd.io/etcd/server/v3',
  file: 'etcd',
  minutes: 1,
  pinned: false,
};

/** Everything that is built with Go, with the control plane of that minor. */
export function goParts(minor: KubernetesMinor): readonly GoPart<Exclude<PartName, 'moto'>>[] {
  return [
    ETCD,
    kubernetes('kube-apiserver', 7, minor),
    kubernetes('kube-controller-manager', 3, minor),
    kubernetes('kubectl', 1),
    ...BACKEND_PARTS,
    helm('3', 'v3.22.0', 37),
    helm('4', 'v4.3.1'),
  ];
}

const NODE_MODULE = { module: 'kubernetes-node', pinned: true } as const;

/** A module of their own: what they need beyond the others must not make everybody build the API server again. */
export const NODE_PARTS: readonly GoPart<NodePartName>[] = [
  { ...kubernetes('kubelet', 3), ...NODE_MODULE },
  { ...kubernetes('kube-scheduler', 1), ...NODE_MODULE },
  { name: 'pause', version: 'v1', module: 'pause', pkg: '.', file: 'pause', minutes: 1, pinned: true, own: true },
];

export const MOTO = { name: 'moto', version: '5.2.5', minutes: 1 } as const;

/** What templates give in Go: the oracle of the template engine, not a part of any cluster. */
export const GOLDEN: GoPart<'golden'> = {
  name: 'golden',
  version: 'v3.3.0',
  module: '../../../tools/golden',
  pkg: '.',
  file: 'golden',
  minutes: 1,
  pinned: true,
  own: true,
};

const modules = new URL('./modules/', import.meta.url);

export function moduleFolder(module: string): string {
  return fileURLToPath(new URL(`${module}/`, modules));
}

export const motoRequirements = fileURLToPath(new URL('moto/requirements.txt', modules));

/** The name of the folder in the cache: changes whenever anything that goes into the part changes. */
export function cacheName(part: GoPart<string> | typeof MOTO): string {
  const digest = createHash('sha256');
  if ('module' in part) {
    const sources = part.own === true ? globSync('**/*.go', { cwd: moduleFolder(part.module) }).sort() : [];
    for (const file of ['go.mod', 'go.sum', ...sources])
      digest.update(readFileSync(`${moduleFolder(part.module)}${file}`));
    digest.update(JSON.stringify([part.pkg, part.tags, part.ldflags]));
  } else {
    digest.update(readFileSync(motoRequirements));
  }
  return `${part.name}-${part.version}-${digest.digest('hex').slice(0, 8)}`;
}
