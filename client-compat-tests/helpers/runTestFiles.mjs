// `npm test`: every test file, two at a time (or CLIENT_TEST_CONCURRENCY), and the one that measures time alone. With CLIENT_TEST_RETRIES, as CI
// sets it, files that failed run again: a shared machine can be slow for a moment, what fails twice is broken, and
// what failed once is named as flaky at the end.

import { readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { finished } from 'node:stream/promises';
import { run } from 'node:test';
import { spec, tap } from 'node:test/reporters';
import { fileURLToPath } from 'node:url';

const TIMED_FILE = 'realtime-incidents.test.mjs';
const AT_A_TIME = Number(process.env.CLIENT_TEST_CONCURRENCY ?? 2);
const HERE = fileURLToPath(new URL('..', import.meta.url));

function listTestFilesInFolders() {
  const inFolder = (folder) => readdirSync(folder).filter((name) => name.endsWith('.test.mjs')).map((name) => join(folder, name));
  return [HERE, join(HERE, 'helpers')].flatMap(inFolder);
}

/** The files of which a test failed. */
async function runTestFilesOnce(files, concurrency) {
  // Given none, the runner would look for files by itself.
  if (files.length === 0) return [];
  const failed = new Set();
  const events = run({ files, concurrency });
  events.on('test:fail', ({ file }) => failed.add(file));
  const report = events.compose(process.stdout.isTTY ? spec : tap);
  report.on('data', (text) => process.stdout.write(text));
  await finished(report);
  return [...failed];
}

async function runTestFilesInTurns(files) {
  const isTimed = (file) => basename(file) === TIMED_FILE;
  const failed = await runTestFilesOnce(files.filter((file) => !isTimed(file)), AT_A_TIME);
  return failed.concat(await runTestFilesOnce(files.filter(isTimed), 1));
}

function reportFilesInLine(word, files) {
  if (files.length > 0) process.stdout.write(`# ${word}: ${files.map((file) => basename(file)).join(', ')}\n`);
}

const failedOnce = new Set();
let failed = await runTestFilesInTurns(listTestFilesInFolders());
for (let retries = Number(process.env.CLIENT_TEST_RETRIES ?? 0); retries > 0 && failed.length > 0; retries -= 1) {
  failed.forEach((file) => failedOnce.add(file));
  reportFilesInLine('again', failed);
  failed = await runTestFilesInTurns(failed);
}
reportFilesInLine('flaky', [...failedOnce].filter((file) => !failed.includes(file)));
reportFilesInLine('failed', failed);
process.exitCode = failed.length > 0 ? 1 : 0;
