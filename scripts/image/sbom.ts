/**
 * The image's bill of materials as CycloneDX JSON: the npm packages that are really in the bundle (by the bundler's own account), Node, and
 * the Debian packages whose files were picked.
 */
import { createHash } from 'node:crypto';

export interface SbomInput {
  readonly name: string;
  readonly version: string;
  /** Of the image, `sha256:…` without the prefix. */
  readonly imageId: string;
  /** Time of the source, so that the same source gives the same document. */
  readonly timestamp: Date;
  /** Paths of the files in the bundle, relative to the repository. */
  readonly bundled: readonly string[];
  /** `packages` of package-lock.json. */
  readonly locked: Readonly<Record<string, LockedPackage>>;
  /** The lock's key of the package that Node comes from. */
  readonly node: string;
  /** Records of dpkg, one text for each package. */
  readonly debian: readonly string[];
}

export interface LockedPackage {
  readonly version?: string;
  readonly license?: string;
  /** `sha512-<base64>`. */
  readonly integrity?: string;
}

interface Component {
  readonly type: 'library' | 'platform' | 'container';
  readonly 'bom-ref': string;
  readonly name: string;
  readonly version: string;
  readonly purl?: string;
  readonly licenses?: readonly object[];
  readonly hashes?: readonly { readonly alg: string; readonly content: string }[];
}

export function sbom(input: SbomInput): object {
  const components = [
    ...bundledPackages(input.bundled).map((key) => npmComponent(key, input.locked)),
    { ...npmComponent(input.node, input.locked), type: 'platform' as const },
    ...input.debian.map(debianComponent),
  ];
  return {
    bomFormat: 'CycloneDX',
    specVersion: '1.6',
    serialNumber: `urn:uuid:${uuidOf(input.imageId)}`,
    version: 1,
    metadata: { timestamp: input.timestamp.toISOString(), component: containerComponent(input) },
    components: components.toSorted((a, b) => (a['bom-ref'] < b['bom-ref'] ? -1 : 1)),
  };
}

/** Keys of package-lock.json, e.g. `node_modules/a/node_modules/@b/c`, each once. */
export function bundledPackages(files: readonly string[]): readonly string[] {
  const keys = files.flatMap((file) => /node_modules\/(?:.*\/node_modules\/)?(?:@[^/]+\/)?[^/]+/.exec(file)?.[0] ?? []);
  return [...new Set(keys)].toSorted();
}

function npmComponent(key: string, locked: SbomInput['locked']): Component {
  const { version, license, integrity } = locked[key] ?? {};
  if (version === undefined) throw new Error(`package-lock.json has no ${key}, which is in the bundle: run "npm ci"`);
  const name = key.slice(key.lastIndexOf('node_modules/') + 'node_modules/'.length);
  const purl = `pkg:npm/${name.replace('@', '%40')}@${version}`;
  return {
    type: 'library',
    'bom-ref': purl,
    name,
    version,
    purl,
    ...(license !== undefined && {
      licenses: [/[ ()]/.test(license) ? { expression: license } : { license: { id: license } }],
    }),
    ...(integrity?.startsWith('sha512-') && { hashes: [{ alg: 'SHA-512', content: hexOf(integrity.slice(7)) }] }),
  };
}

function debianComponent(record: string): Component {
  const field = (name: string): string => new RegExp(`^${name}: (.*)$`, 'm').exec(record)?.[1] ?? '';
  const [name, version] = [field('Package'), field('Version')];
  const purl = `pkg:deb/debian/${name.replaceAll('+', '%2B')}@${encodeURIComponent(version)}?arch=${field('Architecture')}`;
  return { type: 'library', 'bom-ref': purl, name, version, purl };
}

function containerComponent({ name, version, imageId }: SbomInput): Component {
  const hashes = [{ alg: 'SHA-256', content: imageId }];
  return { type: 'container', 'bom-ref': name, name, version, hashes };
}

function hexOf(base64: string): string {
  return Buffer.from(base64, 'base64').toString('hex');
}

/** A name-based id: the same image has the same one. */
function uuidOf(text: string): string {
  const hex = createHash('sha256').update(text).digest('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), `5${hex.slice(13, 16)}`, `8${hex.slice(17, 20)}`, hex.slice(20, 32)].join(
    '-',
  );
}
