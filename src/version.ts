/** The version of this program, from the one place that has it. The bundle carries it inside. */
import manifest from '../package.json' with { type: 'json' };

export const VERSION: string = manifest.version;
