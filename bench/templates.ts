/**
 * What rendering costs, in this process: CPU per render, and how long honest renders wait while hostile templates are under way (D22).
 */
import { parseTemplate, renderTemplate, TemplateError, TemplateRenderer } from '../src/template/index.ts';
import type { Row } from './scenarios.ts';

const DATA = new Map(
  Object.entries({ user: 'app', password: 'correct horse battery staple', host: 'db.example.test', port: '5432' }).map(
    ([key, value]) => [key, Buffer.from(value)] as const,
  ),
);

const TRIVIAL = '{{ .password }}';

/** Of the kind that people publish: a connection string and a registry login. */
const TYPICAL = `{{- $login := printf "%s:%s" .user .password | b64enc -}}
url: postgres://{{ .user | urlquery }}:{{ .password | urlquery }}@{{ .host }}:{{ .port | default "5432" }}/app
{{ if eq .port "5432" }}pool: 10{{ else }}pool: 5{{ end }}
{{ range $name := list "a" "b" "c" -}}
{{ $name | upper }}: {{ $.host | replace "db" $name | quote }}
{{ end -}}
auth: {{ dict "auths" (dict .host (dict "auth" $login)) | toJson }}
`;

const ROUNDS = 20_000;

/** CPU per render: warm, with the template parsed before, and with parsing each time. */
export async function templateCpu(): Promise<readonly Row[]> {
  return [
    await cpuOf('trivial', TRIVIAL, 20),
    await cpuOf('typical', TYPICAL, 110),
    await parsingToo('trivial', TRIVIAL),
    await parsingToo('typical', TYPICAL),
  ];
}

async function cpuOf(name: string, template: string, atMostMicros: number): Promise<Row> {
  const renderer = new TemplateRenderer();
  const micros = await perRound(() => renderer.render(template, DATA));
  await renderer.close();
  return row(`rendering, ${name}`, micros, `, at most ${atMostMicros}`);
}

async function parsingToo(name: string, template: string): Promise<Row> {
  const micros = await perRound(() => renderTemplate(parseTemplate(template), DATA));
  return row(`parsing and rendering, ${name}`, micros, '');
}

function row(scenario: string, micros: number, limit: string): Row {
  return {
    scenario,
    seconds: (micros * ROUNDS) / 1e6,
    cpuSeconds: (micros * ROUNDS) / 1e6,
    finding: `${micros.toFixed(1)} µs of CPU${limit}`,
  };
}

/** Microseconds of CPU, user and system, after as many rounds to warm up. */
async function perRound(work: () => unknown): Promise<number> {
  for (let round = 0; round < ROUNDS; round++) await work();
  const before = process.cpuUsage();
  for (let round = 0; round < ROUNDS; round++) await work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / ROUNDS;
}

const HOSTILE: Readonly<Record<string, string>> = {
  'until 1000000000': '{{ until 1000000000 }}',
  'range over a billion': '{{ range until 1000000000 }}x{{ end }}',
  'nested ranges': '{{ range until 9000 }}{{ range until 9000 }}{{ range until 9000 }}{{ end }}{{ end }}{{ end }}',
  repeat: '{{ repeat 1000000000 "x" }}',
  'a text that doubles': `{{ $t := "x" }}${'{{ $t = print $t $t }}'.repeat(60)}{{ $t }}`,
  recursion: '{{ define "again" }}{{ template "again" . }}{{ end }}{{ template "again" . }}',
  '(a+)+$ on 50,000 letters': '{{ range until 1000000 }}{{ regexMatch "(a+)+$" $.long }}{{ end }}',
  'many RSA keys': '{{ range until 10000 }}{{ genPrivateKey "rsa" }}{{ end }}',
};

const LOOK_EACH_MS = 5;
const MOST_DELAY_MS = 100;

/** Each hostile template by itself; beside it an honest one is rendered every few milliseconds. */
export async function hostileTemplates(): Promise<readonly Row[]> {
  const renderer = new TemplateRenderer();
  const data = new Map([...DATA, ['long', Buffer.from(`${'a'.repeat(50_000)}!`)] as const]);
  await renderer.render(TYPICAL, data);
  const rows: Row[] = [];
  for (const [name, template] of Object.entries(HOSTILE)) {
    const ended = renderer.render(template, data).then(
      () => 'RENDERED',
      (error: unknown) => (error instanceof TemplateError ? error.reason : 'NO TEMPLATE ERROR'),
    );
    rows.push(await beside(name, ended, () => renderer.render(TYPICAL, data)));
  }
  const manyKeys = renderer.render(HOSTILE['many RSA keys']!, data).catch(() => undefined);
  const startedAt = performance.now();
  await renderer.render('{{ genPrivateKey "rsa" }}', data);
  const seconds = (performance.now() - startedAt) / 1000;
  rows.push({ scenario: 'an honest RSA-4096 key beside a hostile template', seconds, finding: 'made' });
  await renderer.close();
  await manyKeys;
  return rows;
}

/** `delayed`: how much later than planned an honest render was done, timer included. */
async function beside(name: string, ended: Promise<string>, honest: () => Promise<unknown>): Promise<Row> {
  const delays: number[] = [];
  const startedAt = performance.now();
  const look = async (): Promise<undefined> => {
    const dueAt = performance.now() + LOOK_EACH_MS;
    await new Promise((resolve) => setTimeout(resolve, LOOK_EACH_MS));
    await honest();
    delays.push(performance.now() - dueAt);
  };
  let reason: string | undefined;
  while (reason === undefined) reason = await Promise.race([ended, look()]);
  const seconds = (performance.now() - startedAt) / 1000;
  delays.sort((a, b) => a - b);
  const most = delays.at(-1) ?? 0;
  const finding = `ends by "${reason}"; others delayed by ${most.toFixed(0)} ms at most (limit ${MOST_DELAY_MS})`;
  return {
    scenario: `hostile template, ${name}`,
    seconds,
    p50Ms: delays[delays.length >> 1] ?? 0,
    p99Ms: most,
    finding,
  };
}
