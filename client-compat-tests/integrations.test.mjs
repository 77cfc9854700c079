// The commands of docs/INTEGRATIONS.md, one by one, as somebody would paste them.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import YAML from 'yaml';
import { useServerForTestFile } from './helpers/server.mjs';
import { extractStepsFromMarkdownSection, runWalkthroughStepsWithBash } from './helpers/walkthrough.mjs';

const REPOSITORY = fileURLToPath(new URL('..', import.meta.url));
const SECTIONS = ['## Keys', '## Alerts', '## Events go out'];
const server = useServerForTestFile({ demo: true });
const readDocument = () => readFile(new URL('../docs/INTEGRATIONS.md', import.meta.url), 'utf8');

test('should_do_and_print_what_the_document_says', async () => {
  const text = await readDocument();
  const steps = SECTIONS.flatMap((section) => extractStepsFromMarkdownSection(text, section));
  assert.ok(steps.filter(({ expectations }) => expectations.length > 0).length >= 10, 'the commands say what they print');
  const env = { ...process.env, PATH: `${dirname(server.binary)}:${process.env.PATH}` };
  await runWalkthroughStepsWithBash(steps, { url: server.url, cwd: REPOSITORY, env });
});

test('should_show_only_configuration_that_is_yaml_and_names_the_hooks_there_are', async () => {
  const text = await readDocument();
  const blocks = [...text.matchAll(/```yaml\n([\s\S]*?)\n```/g)].map(([, block]) => YAML.parse(block));
  assert.ok(blocks.length >= 4);
  const { paths } = await (await fetch(`${server.url}/api/openapi.json`)).json();
  const addresses = [...text.matchAll(/owl\.example\.org(\/api\/[a-z/]+)/g)].map(([, path]) => path);
  assert.ok(addresses.length >= 3);
  for (const path of addresses) assert.ok(paths[path]?.post, path);
});
