/** Whatever bytes a backend holds are the bytes of the Secret: through fetch, render and build, without a template and with one. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { GoTemplates } from '../../assembly/go-template-engine.ts';
import type { ExternalSecret } from '../../api/external-secret.ts';
import type { Session } from '../../providers/pool.ts';
import type { RemoteRef } from '../../providers/provider.ts';
import { SecretValue } from '../../secret-value.ts';
import { systemClock } from '../../clock.ts';
import { buildTarget } from './build-target.ts';
import { fetchData } from './fetch.ts';
import { renderTarget } from './render.ts';

const VALUES = 100_000;
const KEYS_OF_ONE = 50;

const templates = new GoTemplates({ clock: systemClock, delimiters: { left: '{{', right: '}}' } });
after(() => templates.close());

/** The form of a template for one key; undefined: no template at all. */
const FORMS: readonly (((key: string) => string) | undefined)[] = [
  undefined,
  (key) => `{{ .${key} }}`,
  (key) => `{{ .${key} | b64enc | b64dec }}`,
  (key) => `{{ index . "${key}" }}`,
];

/** Xorshift with a fixed seed: a failure can be repeated. */
class RandomBytes {
  #state = 0x9e3779b9;

  below(limit: number): number {
    this.#state ^= this.#state << 13;
    this.#state ^= this.#state >>> 17;
    this.#state ^= this.#state << 5;
    return (this.#state >>> 0) % limit;
  }

  /** Mostly any bytes, and often those that something on the way might take for more than bytes. */
  next(): Buffer {
    const tricky = ['', '\0', '\r\n', '\ufeff', '{{ .k0 }}', '}}', '<no value>', '\u2028', '"\\', 'é', '\ud83d\ude00'];
    const bytes = Buffer.from(Array.from({ length: this.below(40) }, () => this.below(256)));
    return this.below(4) === 0 ? Buffer.concat([Buffer.from(tricky[this.below(tricky.length)]!), bytes]) : bytes;
  }
}

async function roundTrip(values: ReadonlyMap<string, Buffer>, form: (typeof FORMS)[number]): Promise<void> {
  const keys = [...values.keys()];
  const data = Object.fromEntries(keys.map((key) => [key, form?.(key) ?? '']));
  const spec: NonNullable<ExternalSecret['spec']> = {
    secretStoreRef: { kind: 'SecretStore', name: 'store' },
    refreshInterval: '1h',
    data: keys.map((key) => ({ secretKey: key, remoteRef: { key } })),
    target: {
      creationPolicy: 'Owner',
      deletionPolicy: 'Retain',
      ...(form === undefined ? {} : { template: { engineVersion: 'v2', mergePolicy: 'Replace', data } }),
    },
  };
  const fetched = await fetchData(
    { gate: { open: async () => backend(values) }, renderKey: templates.renderKey },
    {
      spec,
      namespace: 'shop',
      notBefore: 0,
      urgent: false,
      generation: { generate: async () => new Map() },
      signal: new AbortController().signal,
    },
  );
  const es = { metadata: { namespace: 'shop', name: 'app' }, spec } as ExternalSecret;
  const input = { es, targetName: 'app', data: fetched.data, engine: templates.engine, readTemplate: noTemplate };
  const owner = { namespace: 'shop', name: 'app', uid: 'u', creationPolicy: 'Owner' } as const;
  const secret = buildTarget(owner, await renderTarget(input), undefined);
  const written = new Map(Object.entries(secret.data ?? {}).map(([key, text]) => [key, Buffer.from(text, 'base64')]));
  assert.equal(written.size, values.size);
  for (const [key, bytes] of values) assert.ok(written.get(key)?.equals(bytes), `${key} under ${form?.('k')}`);
}

function backend(values: ReadonlyMap<string, Buffer>): Session {
  const session: Pick<Session, 'release'> & { readonly reader: object; readonly values: object } = {
    reader: { read: async (ref: RemoteRef) => SecretValue.ofBytes(values.get(ref.key)!) },
    values: { select: (raw: SecretValue) => raw },
    release: () => {},
  };
  return session as Session;
}

async function noTemplate(): Promise<never> {
  throw new Error('not used here');
}

test(`${VALUES} random values arrive byte for byte`, async () => {
  const random = new RandomBytes();
  for (let done = 0, batch = 0; done < VALUES; done += KEYS_OF_ONE, batch++) {
    const values = new Map(Array.from({ length: KEYS_OF_ONE }, (_, index) => [`k${index}`, random.next()]));
    await roundTrip(values, FORMS[batch % FORMS.length]);
  }
});
