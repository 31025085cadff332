/** Reads what `/metrics` answers. For tests: of this room, and of whole journeys. */
import assert from 'node:assert/strict';

export interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

export interface Exposition {
  readonly types: ReadonlyMap<string, string>;
  readonly samples: readonly Sample[];
}

const LABEL = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"(?:,|$)/y;
const LINE = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (-?[0-9.e+-]+|NaN|[+-]Inf)$/;

/** Reads the exposition format strictly: a line that does not fit, or a series twice, is an assertion error. */
export function parseExposition(text: string): Exposition {
  const types = new Map<string, string>();
  const samples: Sample[] = [];
  for (const line of text.split('\n').filter((line) => line !== '')) {
    const type = /^# TYPE (\S+) (counter|gauge|histogram|summary)$/.exec(line);
    if (type !== null) {
      assert.ok(!types.has(type[1] ?? ''), `declared twice: ${line}`);
      types.set(type[1] ?? '', type[2] ?? '');
    } else if (!line.startsWith('# HELP ')) samples.push(parseSample(line));
  }
  const seen = new Set<string>();
  for (const { name, labels } of samples) {
    const id = `${name}${JSON.stringify(labels)}`;
    assert.ok(!seen.has(id), `series twice: ${id}`);
    seen.add(id);
  }
  return { types, samples };
}

function parseSample(line: string): Sample {
  const [, name, labelText = '', value] = LINE.exec(line) ?? [];
  assert.ok(name !== undefined, `not a sample: ${line}`);
  const labels: Record<string, string> = {};
  LABEL.lastIndex = 0;
  while (LABEL.lastIndex < labelText.length) {
    const match = LABEL.exec(labelText);
    assert.ok(match !== null, `bad labels: ${line}`);
    labels[match[1] ?? ''] = (match[2] ?? '').replace(/\\(.)/g, (_, c: string) => (c === 'n' ? '\n' : c));
  }
  return { name, labels, value: Number(value === '+Inf' ? Infinity : value) };
}
