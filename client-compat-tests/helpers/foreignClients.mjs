// Clients in programs of their own, written in another language or run by another runtime. The program gets a line of JSON
// for each command:
//   { do: 'open', client, url, auth, transports, reconnection, events }
//   { do: 'emit', client, event, payload, ack }   with `ack` only when an acknowledgement is asked for
//   { do: 'disconnect', client }
// and says in lines of JSON what happens, each with how the client stands, `{ client, connected, id, recovered, transport }`:
//   { event, payload, more }                      `more`: what arguments came after the payload
//   { happened, payload, code }                   connect, disconnect, connect_error
//   { ack, payload }
//   { failure }                                   of the program itself: the test fails
// `client` and `ack` are numbers that the test gives. At the end of its input the program ends with 0.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { after, afterEach, before } from 'node:test';
import { fileURLToPath } from 'node:url';
import { ClientWithRecord } from './clientRecord.mjs';
import { TRANSPORT_MODES } from './clientReleases.mjs';
import { NAMES_OF_EVENTS } from './publishedDocuments.mjs';
import { settleBeforeGivenDeadline } from './waitForEvent.mjs';

const FOLDER = fileURLToPath(new URL('../foreign-clients', import.meta.url));
const ERRORS_SHOWN = 4000;

class ForeignClient extends ClientWithRecord {
  isConnected = false;
  /** `{ name, payload, more }` of each event: `more` is what arguments came after the payload. */
  heard = [];
  answers = new Map();

  constructor(program, number) {
    super();
    this.program = program;
    this.number = number;
  }

  readLineOfProgram({ connected, id, recovered, transport, ...line }) {
    Object.assign(this, { isConnected: connected, id, recovered, transportName: transport });
    if (line.event) {
      this.heard.push({ name: line.event, payload: line.payload, more: line.more });
      this.recordEventOfServer(line.event, line.payload);
    }
    if (line.happened) this.record(`$${line.happened}`, line.payload, line.code);
    if (line.ack !== undefined) this.answers.get(line.ack)(line.payload);
  }

  emit(event, payload) {
    this.sendEventToServer(event, payload);
  }

  sendEventToServer(event, payload, ack) {
    this.program.sendCommandToProgram({ do: 'emit', client: this.number, event, payload, ack });
  }

  /** Emits and resolves with the acknowledgement. */
  emitEventWithAck(event, payload) {
    const ack = this.answers.size;
    const answered = new Promise((resolve) => this.answers.set(ack, resolve));
    this.sendEventToServer(event, payload, ack);
    return settleBeforeGivenDeadline(answered, () => `no acknowledgement of ${event} ${JSON.stringify(payload)}`);
  }

  disconnect() {
    this.program.sendCommandToProgram({ do: 'disconnect', client: this.number });
  }

  close() {
    this.disconnect();
  }
}

/** One program with any number of clients. */
class ForeignClients {
  clients = [];
  failures = [];
  errors = '';

  constructor(command, args) {
    const { PATH, HOME } = process.env;
    const env = { PATH, HOME, DENO_NO_UPDATE_CHECK: '1', PYTHONDONTWRITEBYTECODE: '1' };
    this.child = spawn(command, args, { cwd: FOLDER, env, stdio: ['pipe', 'pipe', 'pipe'] });
    this.exited = new Promise((resolve) => {
      this.child.once('error', (error) => resolve(error.message));
      this.child.once('close', (code, signal) => resolve(signal ?? code));
    });
    this.exited.then((end) => {
      this.end = end;
    });
    this.child.stdin.on('error', () => {});
    this.child.stderr.setEncoding('utf8').on('data', (text) => {
      this.errors = (this.errors + text).slice(-ERRORS_SHOWN);
    });
    createInterface({ input: this.child.stdout }).on('line', (text) => this.readLineOfProgram(text));
  }

  readLineOfProgram(text) {
    const { failure, client, ...line } = JSON.parse(text);
    if (failure) this.failures.push(failure);
    else this.clients[client].readLineOfProgram(line);
  }

  sendCommandToProgram(command) {
    this.child.stdin.write(`${JSON.stringify(command)}\n`);
  }

  /** Options as of `openSocketTestClient`, of which it knows `mode`, `auth`, `url` and `client.reconnection`. */
  openClientWithToken(server, token, options) {
    assert.equal(this.end, undefined, `the program has ended\n${this.errors}`);
    const client = new ForeignClient(this, this.clients.length);
    this.clients.push(client);
    this.sendCommandToProgram({
      do: 'open',
      client: client.number,
      url: options.url ?? server.url,
      auth: { ...(token === undefined ? {} : { token }), ...options.auth },
      transports: TRANSPORT_MODES[options.mode].transports,
      reconnection: options.client?.reconnection ?? true,
      events: NAMES_OF_EVENTS,
    });
    return client;
  }

  expectNoFailureOfProgram() {
    assert.deepEqual(this.failures.splice(0), [], 'what the program says of itself');
  }

  async stopProgramAndCheckExit() {
    this.child.stdin.end();
    const ended = settleBeforeGivenDeadline(this.exited, () => `the program does not end\n${this.errors}`);
    const code = await ended.finally(() => this.child.kill('SIGKILL'));
    assert.equal(code, 0, `the program must end with 0\n${this.errors}`);
  }
}

/**
 * A program in `foreign-clients`, started before the tests of the file and ended after them, for the option `foreign` of
 * `connectSocketAsUser`. `locate` returns the command and its arguments.
 */
export function useForeignClientsForTestFile(locate) {
  let program;
  before(() => {
    program = new ForeignClients(...locate());
  });
  afterEach((context) => {
    if (!context.passed) process.stderr.write(`the program of the client said:\n${[program.errors, ...program.failures].join('\n')}\n`);
    program.expectNoFailureOfProgram();
  });
  after(() => program?.stopProgramAndCheckExit());
  return { openClientWithToken: (...args) => program.openClientWithToken(...args) };
}
