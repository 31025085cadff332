/** Each test file is a process that loads much the same modules: compiled once, for all of them. A setting of the user's own goes before. */
const folder = new URL('../node_modules/.cache/node', import.meta.url).pathname;

export const compileCache = { NODE_COMPILE_CACHE: process.env['NODE_COMPILE_CACHE'] ?? folder } as const;
