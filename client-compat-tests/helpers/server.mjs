// The real server binary, started on a free port with a database of its own, for one test file.
import assert from 'node:assert/strict';
import { execFile, execFileSync, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before } from 'node:test';
import { promisify } from 'node:util';
import { requestApiExpectingStatus } from './api.mjs';
import {
  ADMIN_DATABASE_URL,
  createDatabaseForTheServer,
  dropDatabaseAfterTheTest,
  executeQueryWithParameters,
} from './database.mjs';
import { expectNoDepartureOfEvents } from './publishedDocuments.mjs';
import { closeEveryOpenSocketClient } from './socketTestClient.mjs';
import { generateSecretForTheServer, mintAccessTokenForUser } from './tokens.mjs';
import { settleBeforeGivenDeadline } from './waitForEvent.mjs';

const START_DEADLINE_MS = 60_000;
const STOP_DEADLINE_MS = 30_000;
const LOG_CHARACTERS_KEPT = 1_000_000;
const LOG_LINES_SHOWN = 150;
const LISTENING_LINE = /listening on (http:\/\/\S+)/;
const AUROR = { email: 'alastor.moody@hogwarts.edu', name: 'Alastor Moody', password: 'constant-vigilance' };
const REPOSITORY = new URL('../..', import.meta.url);

/** Path of the binary: OWLPOST_BIN, else the release build in cargo's target directory. */
export function locateServerBinaryUnderTest() {
  if (process.env.OWLPOST_BIN) return process.env.OWLPOST_BIN;
  const metadata = execFileSync('cargo', ['metadata', '--no-deps', '--format-version', '1'], {
    cwd: REPOSITORY,
    maxBuffer: 64 * 1024 * 1024,
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const binary = join(JSON.parse(metadata).target_directory, 'release', 'owlpost');
  assert.ok(existsSync(binary), 'no release build of the server: run `cargo build --release -p owlpost` first, or set OWLPOST_BIN');
  return binary;
}

/** One server process after another over one database. Options: `env`, `args` (after `serve`), `demo`. */
export class OwlPostServer {
  log = '';
  stdout = '';

  constructor({ env = {}, args = [], demo = false } = {}) {
    this.options = { env, args, demo };
    this.jwtSecret = generateSecretForTheServer();
    this.usesRealPostgres = ADMIN_DATABASE_URL !== undefined;
  }

  /** Makes the database, adds the Auror on the command line and starts the process. */
  async createDatabaseAndStartProcess() {
    this.binary = locateServerBinaryUnderTest();
    this.directory = await mkdtemp(join(tmpdir(), 'owlpost-test-'));
    if (this.usesRealPostgres) this.database = await createDatabaseForTheServer();
    await this.runServerCommandToEnd('user', 'add', '--email', AUROR.email, '--name', AUROR.name, '--role', 'AUROR', '--password', AUROR.password);
    await this.startProcessAndAwaitListening();
    const session = await requestApiExpectingStatus(200, this, null, 'POST', '/api/auth/login', AUROR);
    this.auror = { ...session.user, handle: 'alastor.moody', token: session.accessToken };
  }

  /** Starts another node over the database of `first`, and with its secret. */
  async startAsAnotherNodeOf(first, databaseUrl = first.database.url) {
    this.binary = first.binary;
    this.jwtSecret = first.jwtSecret;
    this.auror = first.auror;
    this.directory = await mkdtemp(join(tmpdir(), 'owlpost-test-'));
    this.options.env = { ...this.options.env, DATABASE_URL: databaseUrl };
    await this.startProcessAndAwaitListening();
  }

  /** Only what a server needs, so that nothing of the developer's own shell reaches it. */
  buildEnvironmentForTheServer() {
    const { PATH, HOME, TMPDIR, LANG } = process.env;
    const environment = {
      PATH,
      HOME,
      JWT_SECRET: this.jwtSecret,
      RATE_LIMIT_AUTH: '0',
      RATE_LIMIT_REGISTER: '0',
      RATE_LIMIT_HTTP: '0',
      RATE_LIMIT_NOTIFY: '0',
      LOG_FORMAT: 'text',
      ...(TMPDIR ? { TMPDIR } : {}),
      ...(LANG ? { LANG } : {}),
      ...(this.database ? { DATABASE_URL: this.database.url } : {}),
      ...this.options.env,
    };
    return Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== undefined));
  }

  /** Runs another subcommand (`user`, `token`, …) over the same database and returns its standard output. */
  async runServerCommandToEnd(...args) {
    const options = { cwd: this.directory, env: this.buildEnvironmentForTheServer(), timeout: START_DEADLINE_MS };
    const { stdout } = await promisify(execFile)(this.binary, args, options);
    return stdout;
  }

  /** Starts `serve` on `port` (0: any free one) and waits for the line that tells the address. */
  async startProcessAndAwaitListening(port = 0) {
    const args = ['serve', '--port', String(port), ...(this.options.demo ? ['--demo'] : []), ...this.options.args];
    const child = spawn(this.binary, args, { cwd: this.directory, env: this.buildEnvironmentForTheServer(), stdio: ['ignore', 'pipe', 'pipe'] });
    this.child = child;
    this.stdout = '';
    this.exited = new Promise((resolve) => child.once('close', (code, signal) => resolve({ code, signal })));
    const killWithTheTests = () => child.kill('SIGKILL');
    process.once('exit', killWithTheTests);
    this.exited.then(() => process.off('exit', killWithTheTests));
    const listening = new Promise((resolve, reject) => {
      child.once('error', reject);
      child.stdout.setEncoding('utf8').on('data', (text) => {
        this.stdout += text;
        this.appendTextToTheLog(text);
        const line = LISTENING_LINE.exec(this.stdout);
        if (line) resolve(line[1]);
      });
      child.stderr.setEncoding('utf8').on('data', (text) => this.appendTextToTheLog(text));
      this.exited.then(({ code, signal }) => {
        reject(new Error(`the server ended before it listened (code ${code}, signal ${signal})\n${this.tailOfServerLog()}`));
      });
    });
    this.url = await settleBeforeGivenDeadline(listening, () => `the server does not listen\n${this.tailOfServerLog()}`, START_DEADLINE_MS);
    this.port = Number(new URL(this.url).port);
  }

  /** SIGTERM; the process must end by itself, with code 0, in the time the contract gives it. */
  async stopProcessAndCheckExit() {
    if (!this.child || this.child.exitCode !== null || this.child.signalCode !== null) {
      assert.fail(`the server ended by itself\n${this.tailOfServerLog()}`);
    }
    this.child.kill('SIGTERM');
    const ended = settleBeforeGivenDeadline(this.exited, () => 'the server does not stop after SIGTERM', STOP_DEADLINE_MS);
    const { code, signal } = await ended.catch((error) => {
      this.child.kill('SIGKILL');
      throw error;
    });
    assert.deepEqual({ code, signal }, { code: 0, signal: null }, 'the server must exit with 0 after SIGTERM');
  }

  /** SIGKILL, as a crash. */
  async killProcessWithoutAnyWarning() {
    this.child.kill('SIGKILL');
    await this.exited;
  }

  /** Removes what the server left behind; the process must have ended. */
  async removeDatabaseAndItsFiles() {
    if (this.database) await dropDatabaseAfterTheTest(this.database);
    if (this.directory) await rm(this.directory, { recursive: true, force: true });
  }

  /** Rows from the server's tables; only on a real Postgres, since the embedded one takes no second connection. */
  executeQueryWithParameters(text, values) {
    assert.ok(this.usesRealPostgres, 'the embedded database cannot be queried from outside');
    return executeQueryWithParameters(this.database, text, values);
  }

  /** A token for `user` signed with this server's secret. */
  mintAccessTokenForUser(user, options) {
    return mintAccessTokenForUser(this.jwtSecret, user, options);
  }

  appendTextToTheLog(text) {
    this.log = (this.log + text).slice(-LOG_CHARACTERS_KEPT);
  }

  tailOfServerLog() {
    return this.log.trimEnd().split('\n').slice(-LOG_LINES_SHOWN).join('\n');
  }
}

/** Calls `use` with a server of these options, which is started before and must stop well after. */
export async function runTestWithOwnServer(options, use) {
  const server = new OwlPostServer(options);
  try {
    await server.createDatabaseAndStartProcess();
    await use(server);
    await server.stopProcessAndCheckExit();
  } finally {
    server.child?.kill('SIGKILL');
    await server.removeDatabaseAndItsFiles();
  }
}

/**
 * The server of a test file: started before its tests, stopped after them. Every socket client is closed after
 * each test, and every event it received must have been as the AsyncAPI document describes it. If a test fails, the
 * end of the server's log is printed. `prepare` runs once, when the server is up.
 */
export function useServerForTestFile(options, prepare = () => {}) {
  const server = new OwlPostServer(options);
  const failedTests = [];
  before(async () => {
    await server.createDatabaseAndStartProcess();
    await prepare(server);
  });
  afterEach((context) => {
    closeEveryOpenSocketClient();
    if (!context.passed) failedTests.push(context.name);
    expectNoDepartureOfEvents();
  });
  after(async () => {
    try {
      if (server.child) await server.stopProcessAndCheckExit();
    } catch (error) {
      failedTests.push('stopping the server');
      throw error;
    } finally {
      if (failedTests.length > 0) {
        process.stderr.write(`\nfailed: ${failedTests.join(', ')}\nthe server's log ends:\n${server.tailOfServerLog()}\n`);
      }
      await server.removeDatabaseAndItsFiles();
    }
  });
  return server;
}
