/**
 * `external-secrets render`: the Secret (or manifest) that an ExternalSecret would write, without a cluster and without a backend. What would be fetched
 * comes from a file; ConfigMaps and Secrets that its templates name come from the manifests.
 */
import { parseAllDocuments, parse, stringify } from 'yaml';
import { z } from 'zod';
import { checkExternalSecret } from '../api/external-secret-checks.ts';
import { externalSecretSchema, type ExternalSecret } from '../api/external-secret.ts';
import { GoTemplates } from '../assembly/go-template-engine.ts';
import { systemClock } from '../clock.ts';
import { buildTarget } from '../controllers/external-secret/build-target.ts';
import { buildManifest } from '../controllers/external-secret/manifest/build.ts';
import { renderManifest } from '../controllers/external-secret/manifest/render.ts';
import { Problem } from '../controllers/external-secret/problem.ts';
import { renderTarget, type ReadTemplate } from '../controllers/external-secret/render.ts';
import type { KubeObject } from '../kube/types.ts';
import { SecretValue } from '../secret-value.ts';
import { shownManifest, shownSecret } from './shown.ts';

/** What is wrong with what was given, for a person at a terminal. */
export class RenderError extends Error {
  override readonly name = 'RenderError';
}

export interface RenderInput {
  /** YAML of the ExternalSecret and of the ConfigMaps and Secrets its templates name; any number of documents. */
  readonly manifests: readonly string[];
  /** YAML or JSON: a map from key to value, as `data` and `dataFrom` would have brought it. */
  readonly data: string;
  readonly delimiters?: { readonly left: string; readonly right: string };
  /** Default false: values print as their size. */
  readonly showValues?: boolean;
}

/** @returns YAML of the object. @throws RenderError */
export async function render(input: RenderInput): Promise<string> {
  const objects = input.manifests.flatMap(readDocuments);
  const es = externalSecretOf(objects);
  const { namespace = 'default', name = '' } = es.metadata;
  const target = es.spec!.target;
  const templates = new GoTemplates({
    clock: systemClock,
    delimiters: input.delimiters ?? { left: '{{', right: '}}' },
  });
  try {
    const wanted = {
      es,
      targetName: target.name ?? name,
      data: readData(input.data),
      engine: templates.engine,
      readTemplate: templatesOf(objects),
    };
    const owner = { namespace, name, uid: '', creationPolicy: target.creationPolicy };
    const showValues = input.showValues ?? false;
    if (target.manifest === undefined) {
      return stringify(shownSecret(buildTarget(owner, await renderTarget(wanted), undefined), showValues));
    }
    const desired = await renderManifest({ ...wanted, kind: target.manifest });
    return stringify(shownManifest(buildManifest(owner, desired, undefined), showValues));
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    const message = target.manifest === undefined ? error.conditionMessage : error.resourceMessage;
    throw new RenderError(message, { cause: error });
  } finally {
    await templates.close();
  }
}

function readDocuments(text: string): readonly KubeObject[] {
  const documents = parseAllDocuments(text);
  return documents.map((document) => {
    const [problem] = document.errors;
    if (problem !== undefined) throw new RenderError(`the manifest is not YAML: ${problem.message}`);
    return document.toJS() as KubeObject;
  });
}

function externalSecretOf(objects: readonly KubeObject[]): ExternalSecret {
  const found = objects.filter((object) => object.kind === 'ExternalSecret');
  const [manifest] = found;
  if (manifest === undefined || found.length > 1) {
    throw new RenderError(`the manifests must hold one ExternalSecret, not ${found.length}`);
  }
  // The schema fills in what the API server would.
  const result = externalSecretSchema.safeParse(manifest);
  if (!result.success) throw new RenderError(z.prettifyError(result.error));
  const es = { ...manifest, ...result.data } as ExternalSecret;
  const errors = checkExternalSecret(es);
  if (errors.length > 0) throw new RenderError(errors.join('\n'));
  return es;
}

function readData(text: string): ReadonlyMap<string, SecretValue> {
  const data: unknown = parse(text);
  if (typeof data !== 'object' || data === null || Array.isArray(data)) {
    throw new RenderError('the data must be a map from key to value, e.g. {"user": "app", "password": "x"}');
  }
  return new Map(Object.entries(data).map(([key, value]) => [key, valueOf(value)]));
}

/** Text as it is, bytes of YAML's !!binary as they are, everything else as JSON, as a backend would hold it. */
function valueOf(value: unknown): SecretValue {
  if (typeof value === 'string') return SecretValue.ofText(value);
  if (value instanceof Uint8Array) return SecretValue.ofBytes(value);
  return SecretValue.ofText(value === null ? '' : JSON.stringify(value));
}

interface Keyed extends KubeObject {
  readonly data?: Readonly<Record<string, string>>;
  readonly stringData?: Readonly<Record<string, string>>;
}

function templatesOf(objects: readonly KubeObject[]): ReadTemplate {
  return async (kind, name, key) => {
    const object: Keyed | undefined = objects.find((each) => each.kind === kind && each.metadata.name === name);
    if (object === undefined) throw new Error(`${kind} "${name}" is not among the manifests; add it with another -f`);
    const plain = kind === 'Secret' ? object.stringData?.[key] : object.data?.[key];
    if (plain !== undefined) return SecretValue.ofText(plain);
    const encoded = kind === 'Secret' ? object.data?.[key] : undefined;
    if (encoded === undefined) throw new Error(`${kind} "${name}" has no key "${key}"`);
    return SecretValue.ofBytes(Buffer.from(encoded, 'base64'));
  };
}
