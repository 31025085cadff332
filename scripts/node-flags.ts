/** The flags of Node that the image runs with. The bench runs with the same ones, so what it measures is what is shipped. */
export const NODE_FLAGS: readonly string[] = ['--max-semi-space-size=4'];
