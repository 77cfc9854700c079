// Two clients of SignalR that others wrote, in Python: what they make of the hub is a second opinion on its wire.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createCommentAsUser, createIncidentAsUser } from './helpers/api.mjs';
import { HUB_PATH } from './helpers/hubTestClient.mjs';
import { PythonProgram } from './helpers/pythonPrograms.mjs';
import { roomNameOfIncident } from './helpers/rooms.mjs';
import { useServerForTestFile } from './helpers/server.mjs';
import { createUsersWithRoles } from './helpers/users.mjs';
import { waitForEvent } from './helpers/waitForEvent.mjs';

const WAYS = [['pysignalr', 'json', 'websocket'], ['signalrcore', 'json', 'websocket'], ['signalrcore', 'msgpack', 'websocket'], ['signalrcore', 'json', 'sse']];

const server = useServerForTestFile();

/** Calls a method and resolves with `{ name, payload }` of what it came to. */
async function callMethodOfHub(program, method, ...args) {
  const since = program.records.length;
  program.writeLineToProgram({ method, args });
  const outcome = (name) => waitForEvent(program, name, { since }).then((payload) => ({ name, payload }));
  return Promise.any([outcome('$answer'), outcome('$error')]);
}

for (const way of WAYS) {
  test(`should_be_understood_by_${way.join('_')}`, async () => {
    const [ada, bob] = await createUsersWithRoles(server, 'STUDENT', 'STUDENT');
    const incident = await createIncidentAsUser(server, bob);
    const program = new PythonProgram(['hub_client.py', ...way], { url: `${server.url}${HUB_PATH}`, token: ada.token });
    try {
      assert.equal((await waitForEvent(program, 'ConnectionAcknowledged')).user.id, ada.id);
      const joined = await callMethodOfHub(program, 'JoinIncidentRoom', incident.id);
      assert.deepEqual([joined.name, joined.payload.room, joined.payload.count], ['$answer', roomNameOfIncident(incident), 1]);
      const refused = await callMethodOfHub(program, 'JoinRoom', 'dungeon');
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
