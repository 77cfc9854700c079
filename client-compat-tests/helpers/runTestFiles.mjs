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

/** Whether no test of the file failed. A file at a time: a test that a helper defines is reported as the helper's. */
async function runTestFileAlone(file) {
  let hasFailed = false;
  const events = run({ files: [file] });
  events.on('test:fail', () => {
    hasFailed = true;
  });
  const report = events.compose(process.stdout.isTTY ? spec : tap);
  const texts = [];
  report.on('data', (text) => texts.push(text));
  await finished(report);
  // Together, since others run beside it.
  process.stdout.write(`# ${basename(file)}\n${texts.join('')}`);
  return !hasFailed;
}

/** The files of which a test failed. */
async function runTestFilesOnce(files, concurrency) {
  const failed = [];
  const waiting = [...files];
  const work = async () => {
    for (let file = waiting.shift(); file !== undefined; file = waiting.shift()) {
      if (!(await runTestFileAlone(file))) failed.push(file);
    }
  };
  await Promise.all(Array.from({ length: concurrency }, work));
  return failed;
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
