// Two clients of SignalR that others wrote, in Python: what they make of the hub is a second opinion on its wire.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { EventEmitter } from 'node:events';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { createCommentAsUser, createIncidentAsUser } from './helpers/api.mjs';
import { HUB_PATH } from './helpers/hubTestClient.mjs';
import { roomNameOfIncident } from './helpers/rooms.mjs';
import { useServerForTestFile } from './helpers/server.mjs';
import { createUsersWithRoles } from './helpers/users.mjs';
import { settleBeforeGivenDeadline, waitForEvent } from './helpers/waitForEvent.mjs';

const FOLDER = fileURLToPath(new URL('foreign-clients', import.meta.url));
const WAYS = [['pysignalr', 'json', 'websocket'], ['signalrcore', 'json', 'websocket'], ['signalrcore', 'msgpack', 'websocket'], ['signalrcore', 'json', 'sse']];

const server = useServerForTestFile();

/** A program with one client; its `records` are those of a socket client, with `$opened`, `$answer` and `$error`. */
class HubProgram {
  records = [];
  recorded = new EventEmitter().setMaxListeners(0);
  errors = '';

  constructor(way, opening) {
    const python = process.env.OWLPOST_PYTHON;
    assert.ok(python, 'OWLPOST_PYTHON names a Python with generated-clients/requirements.txt installed: `make test-clients` sees to it');
    const { PATH, HOME } = process.env;
    this.child = spawn(python, ['hub_client.py', ...way], { cwd: FOLDER, env: { PATH, HOME, PYTHONDONTWRITEBYTECODE: '1' } });
    this.exited = new Promise((resolve) => this.child.once('close', (code, signal) => resolve(signal ?? code)));
    this.child.stderr.setEncoding('utf8').on('data', (text) => {
      this.errors = (this.errors + text).slice(-4000);
    });
    createInterface({ input: this.child.stdout }).on('line', (text) => this.recordLineOfProgram(JSON.parse(text)));
    this.writeLineToProgram(opening);
  }

  recordLineOfProgram({ event, payload, ...happened }) {
    const [[kind, value] = []] = Object.entries(happened);
    const record = event ? { name: event, payload } : { name: `$${kind}`, payload: value };
    this.records.push(record);
    this.recorded.emit('record', record);
  }

  writeLineToProgram(line) {
    this.child.stdin.write(`${JSON.stringify(line)}\n`);
  }

  /** Calls a method and resolves with `{ name, payload }` of what it came to. */
  async callMethodOfHub(method, ...args) {
    const since = this.records.length;
    this.writeLineToProgram({ method, args });
    const outcome = (name) => waitForEvent(this, name, { since }).then((payload) => ({ name, payload }));
    return Promise.any([outcome('$answer'), outcome('$error')]);
  }

  async stopProgramAndCheckExit() {
    this.child.stdin.end();
    const ended = settleBeforeGivenDeadline(this.exited, () => `the program does not end\n${this.errors}`);
    assert.equal(await ended.finally(() => this.child.kill('SIGKILL')), 0, this.errors);
  }
}

for (const way of WAYS) {
  test(`should_be_understood_by_${way.join('_')}`, async () => {
    const [ada, bob] = await createUsersWithRoles(server, 'STUDENT', 'STUDENT');
    const incident = await createIncidentAsUser(server, bob);
    const program = new HubProgram(way, { url: `${server.url}${HUB_PATH}`, token: ada.token });
    try {
      assert.equal((await waitForEvent(program, 'ConnectionAcknowledged')).user.id, ada.id);
      const joined = await program.callMethodOfHub('JoinIncidentRoom', incident.id);
      assert.deepEqual([joined.name, joined.payload.room, joined.payload.count], ['$answer', roomNameOfIncident(incident), 1]);
      const refused = await program.callMethodOfHub('JoinRoom', 'dungeon');
      assert.equal(refused.name, '$error');
      assert.match(refused.payload, /HubException: FORBIDDEN: /);
      const comment = await createCommentAsUser(server, bob, incident.id, 'Schön 🦉');
      const heard = await waitForEvent(program, 'CommentCreated', { match: (e) => e.comment.id === comment.id });
      assert.equal(heard.comment.content, 'Schön 🦉');
      assert.match(heard.eventId, /^\d+$/);
    } finally {
      await program.stopProgramAndCheckExit();
    }
  });
}
