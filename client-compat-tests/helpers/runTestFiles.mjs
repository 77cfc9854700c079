// `npm test`: every test file, two at a time, and the one that measures time alone. With CLIENT_TEST_RETRIES, as CI
// sets it, files that failed run again: a shared machine can be slow for a moment, what fails twice is broken, and
// what failed once is named as flaky at the end.

import { readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { finished } from 'node:stream/promises';
import { run } from 'node:test';
import { spec, tap } from 'node:test/reporters';
import { fileURLToPath } from 'node:url';

const TIMED_FILE = 'realtime-incidents.test.mjs';
const HERE = fileURLToPath(new URL('..', import.meta.url));

function listTestFilesInFolders() {
  const inFolder = (folder) => readdirSync(folder).filter((name) => name.endsWith('.test.mjs')).map((name) => join(folder, name));
  return [HERE, join(HERE, 'helpers')].flatMap(inFolder);
}

/** The files of which a test failed. */
async function runTestFilesOnce(files, concurrency) {
  const failed = new Set();
  const events = run({ files, concurrency });
  events.on('test:fail', ({ file }) => failed.add(file));
  const report = events.compose(process.stdout.isTTY ? spec : tap);
  report.on('data', (text) => process.stdout.write(text));
  await finished(report);
  return [...failed];
}

async function runTestFilesInTurns(files) {
  const timed = files.filter((file) => basename(file) === TIMED_FILE);
  const others = files.filter((file) => basename(file) !== TIMED_FILE);
  const failed = others.length === 0 ? [] : await runTestFilesOnce(others, 2);
  return timed.length === 0 ? failed : failed.concat(await runTestFilesOnce(timed, 1));
}

const flaky = new Set();
let failed = await runTestFilesInTurns(listTestFilesInFolders());
for (let retries = Number(process.env.CLIENT_TEST_RETRIES ?? 0); retries > 0 && failed.length > 0; retries -= 1) {
  failed.forEach((file) => flaky.add(basename(file)));
  process.stdout.write(`# again: ${failed.map((file) => basename(file)).join(', ')}\n`);
  failed = await runTestFilesInTurns(failed);
}
failed.forEach((file) => flaky.delete(basename(file)));
if (flaky.size > 0) process.stdout.write(`# flaky: ${[...flaky].join(', ')}\n`);
if (failed.length > 0) process.stdout.write(`# failed: ${failed.map((file) => basename(file)).join(', ')}\n`);
process.exitCode = failed.length > 0 ? 1 : 0;
