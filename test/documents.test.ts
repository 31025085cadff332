/** The documents lead somewhere: links to files of the repository resolve, JSON in them is JSON. */
import assert from 'node:assert/strict';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';

const root = join(import.meta.dirname, '..');
const documents = ['README.md', 'CONTRIBUTING.md', ...globSync('docs/**/*.md', { cwd: root })];

for (const document of documents) {
  const text = readFileSync(join(root, document), 'utf8');
  test(`links of ${document} lead somewhere`, () => {
    const prose = text.replaceAll(/```[\s\S]*?```/g, '');
    const links = [...prose.matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = '']) => target);
    const dead = links.filter((link) => !/^[a-z]+:/.test(link) && !leadsSomewhere(document, link));
    assert.deepEqual(dead, []);
  });
  const blocks = [...text.matchAll(/```json\n([\s\S]*?)```/g)].map(([, block = '']) => block);
  if (blocks.length > 0)
    test(`JSON in ${document} is JSON`, () => {
      for (const block of blocks) assert.doesNotThrow(() => JSON.parse(block), block);
    });
}

function leadsSomewhere(document: string, link: string): boolean {
  const [path = '', anchor] = link.split('#');
  const file = path === '' ? join(root, document) : join(root, dirname(document), path);
  if (!existsSync(file)) return false;
  return anchor === undefined || !file.endsWith('.md') || anchorsOf(file).includes(anchor);
}

/** As they are made of headings: lower case, words joined by hyphens. */
function anchorsOf(file: string): readonly string[] {
  return [...readFileSync(file, 'utf8').matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
      .trim()
      .replaceAll(' ', '-'),
  );
}
