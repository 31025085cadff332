/** Semantic versions as Masterminds/semver 3.4 reads, prints and orders them. */
import { failure } from '../errors.ts';
import { GoObject, int, uint64, type Method, type Value } from '../values.ts';

const LOOSE =
  /^v?(\d+)(?:\.(\d+))?(?:\.(\d+))?(?:-([0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*))?(?:\+([0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*))?$/;

interface Parts {
  readonly major: bigint;
  readonly minor: bigint;
  readonly patch: bigint;
  readonly prerelease: string;
  readonly metadata: string;
}

export class Version extends GoObject {
  readonly type: string;
  readonly kind: 'ptr' | 'struct';
  readonly parts: Parts;
  readonly original: string;

  constructor(parts: Parts, original: string, kind: 'ptr' | 'struct' = 'ptr') {
    super();
    this.type = kind === 'ptr' ? '*semver.Version' : 'semver.Version';
    this.kind = kind;
    this.parts = parts;
    this.original = original;
  }

  override text(): string {
    const { major, minor, patch, prerelease, metadata } = this.parts;
    const core = `${major}.${minor}.${patch}`;
    return core + (prerelease === '' ? '' : `-${prerelease}`) + (metadata === '' ? '' : `+${metadata}`);
  }

  override json(): string {
    return this.text();
  }

  override fields(): readonly (readonly [string, Value])[] {
    const { major, minor, patch, prerelease, metadata } = this.parts;
    return [
      ['major', uint64(major)],
      ['minor', uint64(minor)],
      ['patch', uint64(patch)],
      ['pre', prerelease],
      ['metadata', metadata],
      ['original', this.original],
    ];
  }

  override deepEquals(other: GoObject): boolean {
    return other instanceof Version && other.text() === this.text() && other.original === this.original;
  }

  override method(name: string): Method | undefined {
    const plain = PLAIN_METHODS.get(name);
    if (plain !== undefined) return { params: '', call: () => plain(this) };
    if (this.kind !== 'ptr') return undefined;
    if (name === 'Original') return { params: '', call: () => this.original };
    const compared = COMPARISONS.get(name);
    if (compared === undefined) return undefined;
    return { params: '*semver.Version', call: (other: Version) => compared(compareVersions(this, other)) };
  }
}

const PLAIN_METHODS = new Map<string, (version: Version) => Value>([
  ['Major', ({ parts }) => uint64(parts.major)],
  ['Minor', ({ parts }) => uint64(parts.minor)],
  ['Patch', ({ parts }) => uint64(parts.patch)],
  ['Prerelease', ({ parts }) => parts.prerelease],
  ['Metadata', ({ parts }) => parts.metadata],
  ['String', (version) => version.text()],
  ['IncMajor', (version) => raised(version, { major: version.parts.major + 1n, minor: 0n, patch: 0n })],
  ['IncMinor', (version) => raised(version, { minor: version.parts.minor + 1n, patch: 0n })],
  [
    'IncPatch',
    (version) => raised(version, version.parts.prerelease === '' ? { patch: version.parts.patch + 1n } : {}),
  ],
]);

const COMPARISONS = new Map<string, (order: number) => Value>([
  ['Compare', (order) => int(order)],
  ['Equal', (order) => order === 0],
  ['LessThan', (order) => order < 0],
  ['LessThanEqual', (order) => order <= 0],
  ['GreaterThan', (order) => order > 0],
  ['GreaterThanEqual', (order) => order >= 0],
]);

function raised(version: Version, change: Partial<Parts>): Version {
  const parts = { ...version.parts, ...change, prerelease: '', metadata: '' };
  const next = new Version(parts, '', 'struct');
  return new Version(parts, (version.original.startsWith('v') ? 'v' : '') + next.text(), 'struct');
}

/** Reads a version; missing parts and leading zeros are tolerated. @throws Failure */
export function parseVersion(text: string): Version {
  const [all, major, minor, patch, prerelease = '', metadata = ''] = LOOSE.exec(text) ?? [];
  if (all === undefined) throw failure`invalid semantic version`;
  if (prerelease.split('.').some((part) => /^0\d+$/.test(part))) throw failure`version segment starts with 0`;
  const parts = { major: segment(major), minor: segment(minor), patch: segment(patch), prerelease, metadata };
  return new Version(parts, text);
}

function segment(text = '0'): bigint {
  const n = BigInt(text);
  if (n >= 2n ** 64n) throw failure`error parsing version segment: value out of range`;
  return n;
}

const sign = (difference: bigint): number => (difference < 0n ? -1 : difference > 0n ? 1 : 0);

/** Order of precedence: negative, zero, positive. Build metadata does not count. */
export function compareVersions({ parts: a }: Version, { parts: b }: Version): number {
  const core = sign(a.major - b.major) || sign(a.minor - b.minor) || sign(a.patch - b.patch);
  return core || comparePrereleases(a.prerelease, b.prerelease);
}

/** A release is above its pre-releases. */
export function comparePrereleases(a: string, b: string): number {
  if (a === b) return 0;
  if (a === '' || b === '') return a === '' ? 1 : -1;
  const left = a.split('.');
  const right = b.split('.');
  for (let i = 0; i < Math.max(left.length, right.length); i++) {
    const order = comparePart(left[i], right[i]);
    if (order !== 0) return order;
  }
  return 0;
}

function comparePart(a: string | undefined, b: string | undefined): number {
  if (a === b) return 0;
  if (a === undefined || b === undefined) return a === undefined ? -1 : 1;
  const numbers = [/^\d+$/.test(a), /^\d+$/.test(b)];
  if (numbers[0] && numbers[1]) return sign(BigInt(a) - BigInt(b));
  if (numbers[0] || numbers[1]) return numbers[0] ? -1 : 1;
  return a > b ? 1 : -1;
}
