// The README's walkthrough, command by command, as a new user would type it.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { useServerForTestFile } from './helpers/server.mjs';
import { extractStepsFromMarkdownSection, runWalkthroughStepsWithBash } from './helpers/walkthrough.mjs';

const REPOSITORY = fileURLToPath(new URL('..', import.meta.url));
const SECTION = '## Walkthrough';
const server = useServerForTestFile({ demo: true });

test('should_do_and_print_what_the_readme_says', async () => {
  const readme = await readFile(new URL('../README.md', import.meta.url), 'utf8');
  const steps = extractStepsFromMarkdownSection(readme, SECTION);
  assert.ok(steps.length > 0, `README.md has \`\`\`sh blocks in its section "${SECTION}"`);
  assert.ok(steps.some(({ expectations }) => expectations.length > 0), 'some of them say what they print');
  const env = { ...process.env, PATH: `${dirname(server.binary)}:${process.env.PATH}` };
  await runWalkthroughStepsWithBash(steps, { url: server.url, cwd: REPOSITORY, env });
});
