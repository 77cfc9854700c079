// Clients that generators make of the document which a running server serves, working against that server.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { copyFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { OPENAPI } from './helpers/publishedDocuments.mjs';
import { useServerForTestFile } from './helpers/server.mjs';

const SOURCES = fileURLToPath(new URL('generated-clients', import.meta.url));
// Inside node_modules, so that what is compiled there finds its packages, and nothing generated is ever committed.
const WORKSHOP = fileURLToPath(new URL('node_modules/.cache/', import.meta.url));
const STEP_DEADLINE_MS = 120_000;
const require = createRequire(import.meta.url);

const server = useServerForTestFile();

/** Runs a program to its end; fails with all it printed unless it exits with 0. Returns its standard output. */
async function runProgramInDirectory(cwd, program, ...args) {
  const env = { PATH: process.env.PATH, HOME: process.env.HOME, PYTHONDONTWRITEBYTECODE: '1' };
  try {
    return (await promisify(execFile)(program, args, { cwd, env, timeout: STEP_DEADLINE_MS })).stdout;
  } catch (error) {
    return assert.fail(`${[program, ...args].join(' ')}\n${error.message}\n${error.stdout ?? ''}`);
  }
}

function locateProgramOfPackage(name, program = name) {
  const manifest = require.resolve(`${name}/package.json`);
  return join(dirname(manifest), require(manifest).bin[program]);
}

function inventEmailAddressForClient() {
  return `luna.${randomBytes(4).toString('hex')}@hogwarts.edu`;
}

describe('Generated clients', () => {
  let directory;
  let document;

  before(async () => {
    await mkdir(WORKSHOP, { recursive: true });
    directory = await mkdtemp(join(WORKSHOP, 'generated-clients-'));
    document = join(directory, 'openapi.json');
    const response = await fetch(`${server.url}/api/openapi.json`);
    await writeFile(document, await response.text());
  });

  after(() => rm(directory, { recursive: true, force: true }));

  test('should_be_made_of_the_document_in_the_repository', () => {
    assert.deepEqual(require(document), OPENAPI, 'the server serves docs/openapi.json');
  });

  test('should_type_check_and_work_in_typescript', async () => {
    for (const file of ['client.ts', 'tsconfig.json']) await copyFile(join(SOURCES, file), join(directory, file));
    await writeFile(join(directory, 'package.json'), '{ "type": "module" }');
    const run = (...args) => runProgramInDirectory(directory, process.execPath, ...args);
    await run(locateProgramOfPackage('openapi-typescript'), 'openapi.json', '--output', 'owlpost.ts');
    await run(locateProgramOfPackage('typescript', 'tsc'), '--project', '.');
    assert.equal(await run('client.js', server.url, inventEmailAddressForClient()), 'done\n');
  });

  test('should_work_in_python', async () => {
    const python = process.env.OWLPOST_PYTHON;
    assert.ok(python, 'OWLPOST_PYTHON names a Python with generated-clients/requirements.txt installed: `make test-clients` sees to it');
    const config = join(directory, 'generator.json');
    // Nobody reads what is generated here: it need not be formatted.
    await writeFile(config, JSON.stringify({ post_hooks: [] }));
    const options = ['--path', 'openapi.json', '--meta', 'none', '--output-path', 'owlpost_client', '--config', config, '--fail-on-warning'];
    await runProgramInDirectory(directory, python, '-m', 'openapi_python_client', 'generate', ...options);
    await copyFile(join(SOURCES, 'client.py'), join(directory, 'client.py'));
    const printed = await runProgramInDirectory(directory, python, 'client.py', server.url, inventEmailAddressForClient());
    assert.equal(printed, 'done\n');
  });
});
