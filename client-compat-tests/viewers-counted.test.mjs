// A client that joins without an acknowledgement, counts the joins and leaves it hears, and has no other way to know: the
// component that the seed prints.
import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { createIncidentAsUser } from './helpers/api.mjs';
import { openNetworkLineToServer } from './helpers/networkLine.mjs';
import { cutLineOfClientWhile } from './helpers/recovery.mjs';
import { fenceClientsWithNewIncident, joinRoomWithSuccessfulAck, leaveRoomWithSuccessfulAck, roomNameOfIncident } from './helpers/rooms.mjs';
import { useServerForTestFile } from './helpers/server.mjs';
import { connectSocketAsUser } from './helpers/socketTestClient.mjs';
import { createUsersWithRoles } from './helpers/users.mjs';
import { waitForEvent, waitUntilConditionHolds } from './helpers/waitForEvent.mjs';

// A process that died is known to be gone after this.
const server = useServerForTestFile({ env: { PRESENCE_TIMEOUT: '3000' } });

let users, room;

beforeEach(async () => {
  users = await createUsersWithRoles(server, 'STUDENT', 'PREFECT', 'AUROR');
  room = roomNameOfIncident(await createIncidentAsUser(server, users[0]));
});

/** Whom the client takes to be there, one entry for each join that was not followed by a leave; as the seed counts. */
function listViewersAsCounted(client) {
  const viewers = [];
  for (const { name, payload } of client.records) {
    if (payload?.room !== room) continue;
    if (name === 'presence:join') viewers.push(payload.userId);
    if (name === 'presence:leave') {
      assert.ok(viewers.includes(payload.userId), 'nobody leaves who was not there');
      viewers.splice(viewers.indexOf(payload.userId), 1);
    }
  }
  return viewers.sort();
}

async function assertCountsComeTo(clients, viewers) {
  const expected = viewers.map(({ id }) => id).sort();
  for (const client of clients) {
    const isRight = () => JSON.stringify(listViewersAsCounted(client)) === JSON.stringify(expected);
    await waitUntilConditionHolds(`a count of ${expected.length}`, isRight, { deadlineMs: 10_000 });
  }
  // Nothing more is on its way.
  await fenceClientsWithNewIncident(server, ...clients);
  for (const client of clients) assert.deepEqual(listViewersAsCounted(client), expected);
}

const joinWithoutAnswer = (client) => client.socket.emit('room:join', { room });

describe('A client that counts what it hears', () => {
  test('should_count_all_viewers_itself_included', async () => {
    const clients = await Promise.all(users.map((user) => connectSocketAsUser(server, user)));
    joinWithoutAnswer(clients[0]);
    await assertCountsComeTo([clients[0]], [users[0]]);
    await joinRoomWithSuccessfulAck(clients[1], room);
    joinWithoutAnswer(clients[2]);
    await assertCountsComeTo([clients[0], clients[2]], users);
    await leaveRoomWithSuccessfulAck(clients[1], room);
    await assertCountsComeTo([clients[0], clients[2]], [users[0], users[2]]);
  });

  test('should_be_told_once_however_often_it_joins_and_anew_when_it_comes_back', async () => {
    const client = await connectSocketAsUser(server, users[0]);
    for (let times = 0; times < 3; times += 1) joinWithoutAnswer(client);
    await assertCountsComeTo([client], [users[0]]);
    await leaveRoomWithSuccessfulAck(client, room);
    const since = client.position;
    joinWithoutAnswer(client);
    await waitForEvent(client, 'presence:join', { since, match: (event) => event.room === room });
  });

  test('should_be_told_when_it_was_let_in_by_its_handshake', async () => {
    const client = await connectSocketAsUser(server, users[0], { auth: { room } });
    joinWithoutAnswer(client);
    await assertCountsComeTo([client], [users[0]]);
  });

  test('should_not_be_told_twice_of_those_who_come_and_go_while_it_joins', async () => {
    const others = await Promise.all(users.slice(1).map((user) => connectSocketAsUser(server, user)));
    const counting = [];
    for (let round = 0; round < 12; round += 1) {
      const client = await connectSocketAsUser(server, users[0]);
      const moves = others.map((other) => other.socket.emitWithAck(round % 2 ? 'room:leave' : 'room:join', { room }));
      joinWithoutAnswer(client);
      counting.push(client);
      await Promise.all(moves);
    }
    await Promise.all(others.map((other) => joinRoomWithSuccessfulAck(other, room)));
    await assertCountsComeTo(counting, users);
  });
});

describe('A client that counts and recovers', () => {
  let line;

  beforeEach(async () => {
    line = await openNetworkLineToServer(server);
  });

  afterEach(() => line.close());

  test('should_hear_who_came_and_went_while_it_was_away', async () => {
    const [client, leaving, coming] = await Promise.all(
      users.map((user, index) => connectSocketAsUser(index === 0 ? line : server, user)),
    );
    joinWithoutAnswer(client);
    await joinRoomWithSuccessfulAck(leaving, room);
    await assertCountsComeTo([client], users.slice(0, 2));
    await cutLineOfClientWhile(line, client, async () => {
      await leaveRoomWithSuccessfulAck(leaving, room);
      await joinRoomWithSuccessfulAck(coming, room);
    });
    assert.equal(client.socket.recovered, true);
    await assertCountsComeTo([client], [users[0], users[2]]);
  });

  const countAfter = async (stop) => {
    const [staying, other, gone] = await Promise.all(users.map((user) => connectSocketAsUser(server, user)));
    for (const client of [staying, other, gone]) joinWithoutAnswer(client);
    await assertCountsComeTo([staying, other, gone], users);
    const since = [staying.position, other.position];
    await stop();
    gone.socket.disconnect();
    await server.startProcessAndAwaitListening(server.port);
    for (const [index, client] of [staying, other].entries()) {
      await waitForEvent(client, 'connection:acknowledged', { since: since[index], deadlineMs: 30_000 });
      assert.equal(client.socket.recovered, true);
    }
    // Whoever does not come back is gone when the lease of the dead process ends.
    await waitUntilConditionHolds('two are left', () => listViewersAsCounted(staying).length === 2, { deadlineMs: 60_000 });
    await assertCountsComeTo([staying, other], users.slice(0, 2));
  };

  test('should_count_right_after_a_restart', () => countAfter(() => server.stopProcessAndCheckExit()));

  test('should_count_right_after_a_crash', () => countAfter(() => server.killProcessWithoutAnyWarning()));
});
