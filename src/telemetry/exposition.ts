/** The text form of metrics, as far as we write it ourselves: for series there is one of per object. */

/** `name="x",namespace="y"`, without braces. */
export function labelText(labels: Readonly<Record<string, string>>): string {
  return Object.entries(labels)
    .map(([name, value]) => `${name}="${escapeLabel(value)}"`)
    .join(',');
}

export function sample(metric: string, labels: string, value: number): string {
  return `${metric}{${labels}} ${Number.isNaN(value) ? 'NaN' : value}\n`;
}

export function header(metric: string, type: 'counter' | 'gauge', help: string): string {
  return `# HELP ${metric} ${help}\n# TYPE ${metric} ${type}\n`;
}

function escapeLabel(value: string): string {
  return value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}
