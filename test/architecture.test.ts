/** Who may know whom: the rules of CONTRIBUTING.md, held against the imports as they are. */
import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { test } from 'node:test';

const root = join(import.meta.dirname, '..');
const files = globSync('src/**/*.ts', { cwd: root }).filter(
  (file) => !file.endsWith('.test.ts') && !/\.(conformance|fixture)\.ts$/.test(file),
);

interface Import {
  readonly from: string;
  /** Path below the root, or a package's name. */
  readonly to: string;
  readonly isPackage: boolean;
}

const imports: readonly Import[] = files.flatMap((from) => {
  const text = readFileSync(join(root, from), 'utf8');
  const specifiers = [
    ...text.matchAll(/(?:^|\n)\s*(?:import|export)\b[^'";]*?from\s+'([^']+)'|import\(\s*'([^']+)'\s*\)/g),
  ];
  return specifiers.map(([, static_, dynamic]) => {
    const specifier = static_ ?? dynamic ?? '';
    const isPackage = !specifier.startsWith('.');
    return { from, to: isPackage ? specifier : relative(root, join(root, dirname(from), specifier)), isPackage };
  });
});

function offenders(room: string, mayUse: readonly string[], packages?: readonly string[]): readonly string[] {
  return imports
    .filter(({ from }) => from.startsWith(room))
    .filter(({ to, isPackage }) => {
      if (!isPackage) return !to.startsWith(room) && !mayUse.some((allowed) => to.startsWith(allowed));
      return packages !== undefined && !to.startsWith('node:') && !packages.includes(to);
    })
    .map(({ from, to }) => `${from} imports ${to}`);
}

const leaf = ['src/clock.ts', 'src/proxy.ts', 'src/log.ts', 'src/secret-value.ts'];
const contract = [
  'src/providers/provider.ts',
  'src/providers/errors.ts',
  'src/providers/json/',
  'src/providers/outbound',
  'src/providers/exchange.ts',
  'src/providers/json-values.ts',
  'src/providers/name-pattern.ts',
  'src/providers/unprobed-client.ts',
  'src/providers/key-locks.ts',
  'src/providers/one-by-one.ts',
  'src/providers/push-metadata.ts',
  'src/providers/push-values.ts',
  'src/api/selectors.ts',
  'src/api/fields.ts',
  'src/api/duration.ts',
];

test('api knows zod and nothing of ours', () => assert.deepEqual(offenders('src/api/', [], ['zod']), []));
test('template is a library of its own', () => assert.deepEqual(offenders('src/template/', []), []));
test('kube and runtime know no kind', () => {
  assert.deepEqual(offenders('src/kube/', leaf), []);
  assert.deepEqual(offenders('src/runtime/', leaf), []);
});
/** Templates are a library; Vault's AWS login is a request that only the AWS SDK, behind its door, can sign. */
const EXTRA: Readonly<Record<string, readonly string[]>> = {
  'src/providers/webhook/': ['src/template/index.ts'],
  'src/providers/vault/': ['src/providers/aws/signed-identity.ts'],
};

test('a provider knows the contract, not the cluster and not its neighbours', () => {
  for (const folder of new Set(
    files.map((file) => /^src\/providers\/(?!json\/)[^/]+\//.exec(file)?.[0]).filter((each) => each !== undefined),
  )) {
    const extra = EXTRA[folder] ?? [];
    assert.deepEqual(offenders(folder, [...leaf, ...contract, ...extra]), []);
  }
});
test('controllers do not reach into a single provider', () => {
  const bad = imports.filter(
    ({ from, to }) => from.startsWith('src/controllers/') && /^src\/providers\/(?!json\/)[^/]+\//.test(to),
  );
  assert.deepEqual(bad, []);
});
test('admission and certificates know schemas and providers’ declarations, not what the controllers do', () => {
  const shared = [...leaf, 'src/api/', 'src/certificates/'];
  assert.deepEqual(offenders('src/webhook/', [...shared, 'src/providers/provider.ts']), []);
  assert.deepEqual(
    offenders('src/certificates/', [
      ...shared,
      'src/kube/',
      'src/runtime/',
      'src/telemetry/health.ts',
      'src/template/crypto/',
    ]),
    [],
  );
});
test('outside packages have one door each', () => {
  const doors: readonly [RegExp, RegExp][] = [
    [/^@aws-sdk\/|^@smithy\//, /^src\/providers\/aws\//],
    [/^@kubernetes\/client-node/, /^src\/kube\/config\.ts$/],
    [/^pino$/, /^src\/telemetry\/logger\.ts$/],
    [/^prom-client$/, /^src\/telemetry\//],
    [/^undici$/, /^src\/(kube|providers)\//],
  ];
  for (const [name, door] of doors) {
    const bad = imports.filter(({ from, to, isPackage }) => isPackage && name.test(to) && !door.test(from));
    assert.deepEqual(bad, []);
  }
});
test('the environment is read in one place', () => {
  const readers = files.filter((file) =>
    /process\.env\b/.test(readFileSync(join(root, file), 'utf8').replaceAll(/\/\*[\s\S]*?\*\/|\/\/.*/g, '')),
  );
  assert.deepEqual(readers, ['src/options.ts']);
});
