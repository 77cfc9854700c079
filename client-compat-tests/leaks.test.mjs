// What is left behind by connections that are over: nothing.
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { createIncidentAsUser, requestApiExpectingStatus } from './helpers/api.mjs';
import { HubClients } from './helpers/hubTestClient.mjs';
import { fenceClientsWithNewIncident, joinRoomWithSuccessfulAck, roomNameOfIncident } from './helpers/rooms.mjs';
import { useServerForTestFile } from './helpers/server.mjs';
import { closeEveryOpenSocketClient, connectSocketAsUser } from './helpers/socketTestClient.mjs';
import { StompClients } from './helpers/stompTestClient.mjs';
import { createUsersWithRoles } from './helpers/users.mjs';
import { waitUntilConditionHolds } from './helpers/waitForEvent.mjs';

const SOCKETS_A_USER = 20;
const WAVES_BEFORE = 10;
const WAVES = 30;
/**
 * A connection that is held by its own handlers costs 24 kB for ever. The allocators of the server and of the embedded
 * database come and go by up to 6 kB a connection.
 */
const BYTES_A_CONNECTION = 12 * 1024;

let people, room;
// One person of these makes more connections in a second than people do.
const server = useServerForTestFile({ env: { RATE_LIMIT_EVENTS: '0' } }, async () => {
  people = await createUsersWithRoles(server, ...Array(4).fill('STUDENT'));
  room = roomNameOfIncident(await createIncidentAsUser(server, people[0]));
});

/** Value of a gauge of the server's metrics. */
async function readGaugeOfServer(name) {
  const text = await requestApiExpectingStatus(200, server, null, 'GET', '/metrics');
  return Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(text)[1]);
}

function readResidentBytesOfServer() {
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${server.child.pid}/status`, 'utf8'))[1]) * 1024;
}

const HUB = new HubClients('@microsoft/signalr', 'json');
const STOMP = new StompClients();
const WAYS_TO_LEAVE = [
  { mode: 'websocket', leave: (client) => client.disconnect() },
  { mode: 'websocket', leave: (client) => client.engine.transport.ws._socket.destroy() },
  { mode: 'polling', leave: (client) => client.disconnect() },
  { mode: 'upgrade', leave: (client) => client.engine.close() },
  ...['websocket', 'sse', 'polling'].map((mode) => ({ mode, foreign: HUB, leave: (client) => client.disconnect() })),
  ...['websocket', 'sockjs-xhr-streaming', 'sockjs-xhr-polling'].map((mode) => ({ mode, foreign: STOMP, leave: (client) => client.disconnect() })),
];

/** Connects everybody in all their tabs, has them join and type, and lets them leave. */
async function connectAndLeaveInWaves(waves) {
  for (let n = 0; n < waves; n += 1) {
    const { mode, foreign, leave } = WAYS_TO_LEAVE[n % WAYS_TO_LEAVE.length];
    const tabs = people.flatMap((user) => Array(SOCKETS_A_USER).fill(user));
    const clients = await Promise.all(tabs.map((user) => connectSocketAsUser(server, user, { mode, foreign, client: { reconnection: false } })));
    await Promise.all(clients.map((client) => joinRoomWithSuccessfulAck(client, room)));
    for (const client of clients) client.emit('typing:start', { incidentId: room.slice('incident:'.length) });
    clients.forEach(leave);
    await waitUntilConditionHolds('every session is over', async () => (await readGaugeOfServer('owlpost_sessions')) === 0);
    closeEveryOpenSocketClient();
  }
}

describe('Connections that are over', () => {
  test('should_leave_no_memory_behind', { skip: existsSync('/proc/self/status') ? false : 'needs /proc' }, async (context) => {
    await connectAndLeaveInWaves(WAVES_BEFORE);
    const before = readResidentBytesOfServer();
    await connectAndLeaveInWaves(WAVES);
    const connections = WAVES * people.length * SOCKETS_A_USER;
    const grown = () => (readResidentBytesOfServer() - before) / connections;
    context.diagnostic(`${connections} connections later: ${grown().toFixed(0)} bytes a connection`);
    await waitUntilConditionHolds('memory is back', () => grown() < BYTES_A_CONNECTION);
  });

  test('should_leave_no_room_task_or_typist_behind', async () => {
    await connectAndLeaveInWaves(WAYS_TO_LEAVE.length);
    const gauges = ['owlpost_topics', 'owlpost_typists', 'owlpost_users_online', 'owlpost_incidents_with_viewers', 'owlpost_presence_changes_waiting'];
    for (const name of gauges) {
      await waitUntilConditionHolds(`${name} is 0`, async () => (await readGaugeOfServer(name)) === 0);
    }
    await waitUntilConditionHolds('only the tasks of the server itself are left', async () => (await readGaugeOfServer('owlpost_tokio_tasks_alive')) < 60);
    await fenceClientsWithNewIncident(server, await connectSocketAsUser(server, people[0]));
  });
});
