/**
 * The sub-commands for people at a terminal: their arguments, their files, their output. What they do is in files of its own.
 */
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { UsageError } from '../options.ts';
import { render } from './render.ts';

const RENDER_HELP = `external-secrets render -f manifest.yaml --data data.json [--show-values]: prints the Secret that would be written

  -f, --filename file   The ExternalSecret, and the ConfigMaps and Secrets its templates name; - is standard input; repeatable
  --data file           YAML or JSON: a map from key to value, as the backend would have brought it
  --show-values         Print values instead of their sizes
  --template-left-delimiter text, --template-right-delimiter text   Default {{ and }}
`;

/** @returns what to print. @throws UsageError, or RenderError with what is wrong in the manifest. */
export async function renderCommand(argv: readonly string[]): Promise<string> {
  const { values } = parse(argv);
  if (values.help) return RENDER_HELP;
  const { filename = [], data } = values;
  if (filename.length === 0 || data === undefined) throw new UsageError(`-f and --data are needed\n\n${RENDER_HELP}`);
  return render({
    manifests: filename.map(readInput),
    data: readInput(data),
    showValues: values['show-values'],
    delimiters: { left: values['template-left-delimiter'], right: values['template-right-delimiter'] },
  });
}

function parse(argv: readonly string[]) {
  try {
    return parseArgs({
      args: [...argv],
      options: {
        filename: { type: 'string', short: 'f', multiple: true },
        data: { type: 'string' },
        'show-values': { type: 'boolean', default: false },
        'template-left-delimiter': { type: 'string', default: '{{' },
        'template-right-delimiter': { type: 'string', default: '}}' },
        help: { type: 'boolean', short: 'h', default: false },
      },
    });
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : 'unusable arguments');
  }
}

function readInput(path: string): string {
  try {
    return readFileSync(path === '-' ? 0 : path, 'utf8');
  } catch (error) {
    throw new UsageError(`${path} cannot be read: ${error instanceof Error ? error.message : ''}`);
  }
}
