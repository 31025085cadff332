/**
 * Reads a kubeconfig that a tenant wrote (decision D78). Only what stands in it is honoured: server, certificate
 * authority, client certificate and token. Everything that would make the operator run a command, read its own disk or
 * speak as somebody else is refused by name. It is parsed here rather than by a client library, which would do these
 * things. Nothing of the text gets into a message: a kubeconfig is a credential.
 */
import { LineCounter, parseDocument } from 'yaml';
import { z } from 'zod';
import { SecretValue } from '../../secret-value.ts';
import { InvalidProviderConfigError } from '../errors.ts';
import type { OutboundTls } from '../outbound.ts';
import { clientCertificate } from './pem.ts';

export interface Kubeconfig {
  /** As written. */
  readonly server: string;
  readonly tls: OutboundTls;
  readonly token: SecretValue | undefined;
}

const text = z.string().nullish();
const cluster = z.looseObject({
  server: z.string().min(1),
  'certificate-authority-data': text,
  'tls-server-name': text,
});
const user = z.looseObject({ token: text, 'client-certificate-data': text, 'client-key-data': text });
const config = z.object({
  'current-context': z.string().min(1),
  contexts: z.array(z.object({ name: z.string(), context: z.object({ cluster: z.string(), user: z.string() }) })),
  clusters: z.array(z.object({ name: z.string(), cluster })),
  users: z.array(z.object({ name: z.string(), user: user.nullish() })),
});

type Cluster = z.infer<typeof cluster>;
type User = z.infer<typeof user>;

const REFUSED_IN_CLUSTER: Readonly<Record<string, string>> = {
  'certificate-authority': 'is a path on the operator’s disk: use certificate-authority-data',
  'insecure-skip-tls-verify': 'would send credentials to whoever answers: use certificate-authority-data',
  'proxy-url': 'is not supported',
};
const IMPERSONATION = 'is not supported: give the account its own credentials';
const REFUSED_IN_USER: Readonly<Record<string, string>> = {
  exec: 'would run a command inside the operator: use a token or a client certificate',
  'auth-provider': 'would run a plugin inside the operator: use a token or a client certificate',
  tokenFile: 'is a path on the operator’s disk: use token',
  'client-certificate': 'is a path on the operator’s disk: use client-certificate-data',
  'client-key': 'is a path on the operator’s disk: use client-key-data',
  username: 'is not supported: use a token or a client certificate',
  password: 'is not supported: use a token or a client certificate',
  as: IMPERSONATION,
  'as-uid': IMPERSONATION,
  'as-groups': IMPERSONATION,
  'as-user-extra': IMPERSONATION,
};

/** `field` names where it came from. @throws InvalidProviderConfigError */
export function readKubeconfig(field: string, secret: SecretValue): Kubeconfig {
  const { contexts, clusters, users, 'current-context': current } = checked(field, parsed(field, secret.revealText()));
  const context = named(`${field}: current-context`, contexts, current).context;
  const chosen = named(`${field}: the cluster of the current context`, clusters, context.cluster).cluster;
  const person = named(`${field}: the user of the current context`, users, context.user).user ?? {};
  refuse(`${field}: cluster`, chosen, REFUSED_IN_CLUSTER);
  refuse(`${field}: user`, person, REFUSED_IN_USER);
  const token = isBlank(person.token) ? undefined : SecretValue.ofText(person.token);
  const certificate = certificateOf(field, person);
  if (token === undefined && certificate === undefined)
    throw new InvalidProviderConfigError(`${field}: user has neither token nor client-certificate-data`);
  return { server: chosen.server, tls: { ...tlsOf(field, chosen), ...certificate }, token };
}

function parsed(field: string, source: string): unknown {
  const lineCounter = new LineCounter();
  const document = parseDocument(source, { prettyErrors: false, lineCounter });
  const [error] = document.errors;
  if (error !== undefined) {
    const { line } = lineCounter.linePos(error.pos[0]);
    throw new InvalidProviderConfigError(`${field}: the kubeconfig is not YAML (line ${line})`);
  }
  try {
    return document.toJS({ maxAliasCount: 10 });
  } catch {
    throw new InvalidProviderConfigError(`${field}: the kubeconfig repeats itself by too many aliases`);
  }
}

function checked(field: string, value: unknown): z.infer<typeof config> {
  const result = config.safeParse(value);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const path = issue?.path.map((step) => (typeof step === 'number' ? `[${step}]` : `.${String(step)}`)).join('') ?? '';
  throw new InvalidProviderConfigError(
    `${field}: not a kubeconfig: ${path === '' ? 'the document' : path.replace(/^\./, '')} is missing or of the wrong type`,
  );
}

function named<T extends { readonly name: string }>(what: string, list: readonly T[], name: string): T {
  const found = list.find((item) => item.name === name);
  if (found === undefined) throw new InvalidProviderConfigError(`${what} is not in the kubeconfig`);
  return found;
}

function refuse(where: string, members: object, refused: Readonly<Record<string, string>>): void {
  for (const [name, value] of Object.entries(members)) {
    const reason = Object.hasOwn(refused, name) ? refused[name] : undefined;
    if (reason === undefined || isAbsent(value)) continue;
    throw new InvalidProviderConfigError(`${where}.${name} ${reason}`);
  }
}

function isAbsent(value: unknown): boolean {
  return value === undefined || value === null || value === '' || value === false;
}

function tlsOf(field: string, chosen: Cluster): OutboundTls {
  const { 'certificate-authority-data': ca, 'tls-server-name': serverName } = chosen;
  return {
    ca: isBlank(ca) ? undefined : decoded(`${field}: cluster.certificate-authority-data`, ca).revealText(),
    serverName: isBlank(serverName) ? undefined : serverName,
  };
}

function certificateOf(field: string, person: User): { readonly cert: string; readonly key: string } | undefined {
  const { 'client-certificate-data': cert, 'client-key-data': key } = person;
  if (isBlank(cert) && isBlank(key)) return undefined;
  if (isBlank(cert) || isBlank(key))
    throw new InvalidProviderConfigError(
      `${field}: user.client-certificate-data and user.client-key-data belong together`,
    );
  const [certField, keyField] = [`${field}: user.client-certificate-data`, `${field}: user.client-key-data`];
  return clientCertificate(
    { field: certField, value: decoded(certField, cert) },
    { field: keyField, value: decoded(keyField, key) },
  );
}

function decoded(field: string, base64: string): SecretValue {
  const bytes = Buffer.from(base64, 'base64');
  if (bytes.length === 0) throw new InvalidProviderConfigError(`${field}: not base64`);
  return SecretValue.ofBytes(bytes);
}

function isBlank(value: string | null | undefined): value is '' | null | undefined {
  return value === undefined || value === null || value === '';
}
