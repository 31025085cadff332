/**
 * What the quickstart prints: headings, commands and their output. Coloured in a terminal, plain in a pipe or with NO_COLOR.
 */

export interface Terminal {
  /** A step of the story. */
  readonly heading: (text: string) => void;
  readonly say: (text: string) => void;
  /** A command a person would type. */
  readonly command: (text: string) => void;
  /** What such a command prints. */
  readonly output: (text: string) => void;
}

export function terminal(stream: NodeJS.WriteStream, colours: boolean): Terminal {
  const paint = (code: number, text: string): string => (colours ? `\u001b[${code}m${text}\u001b[0m` : text);
  const line = (text = ''): void => void stream.write(`${text}\n`);
  return {
    heading(text) {
      line();
      line(paint(1, text));
    },
    say: (text) => line(text),
    command: (text) => line(`  ${paint(36, `$ ${text}`)}`),
    output(text) {
      for (const each of text.trimEnd().split('\n')) line(`    ${paint(2, each)}`);
    },
  };
}
