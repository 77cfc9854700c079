// Coming back with no code of its own: what a stock client of today does by itself, and what it is told then.
import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { createCommentAsUser, createIncidentAsUser, requestApiExpectingStatus, updateIncidentAsUser } from './helpers/api.mjs';
import { openNetworkLineToServer } from './helpers/networkLine.mjs';
import { assertHistoryOfClientIsWhole, cutLineOfClientWhile } from './helpers/recovery.mjs';
import { assertEventWasNotReceived, fenceClientsWithNewIncident, joinRoomWithSuccessfulAck, leaveRoomWithSuccessfulAck, roomNameOfIncident } from './helpers/rooms.mjs';
import { useServerForTestFile } from './helpers/server.mjs';
import { connectSocketAsUser, connectSocketWithToken, openSocketTestClient } from './helpers/socketTestClient.mjs';
import { changeRoleOfUser, createUsersWithRoles } from './helpers/users.mjs';
import { waitForEvent } from './helpers/waitForEvent.mjs';

const REPLAY_LIMIT = 1000;
const server = useServerForTestFile({ env: { REPLAY_LIMIT: String(REPLAY_LIMIT), TOKEN_GRACE: '0' } });

let user, other, line;

beforeEach(async () => {
  [user, other] = await createUsersWithRoles(server, 'STUDENT', 'STUDENT');
  line = await openNetworkLineToServer(server);
});

afterEach(() => line.close());

/** Names of what came from the server since then, without what others do at their own time. */
function namesOfEventsSince(client, since) {
  return client.records.slice(since).map(({ name }) => name).filter((name) => !/^presence:|^\$/.test(name));
}

function keepArgumentsOfEvents(client) {
  const all = [];
  client.socket.onAny((...args) => all.push(args));
  return all;
}

describe('A stock client', () => {
  for (const release of ['current', 'msgpack']) {
    for (const mode of ['polling', 'websocket', 'upgrade']) {
      test(`should_recover_by_itself_after_a_cut_with_${release}_over_${mode}`, async () => {
        const client = await connectSocketAsUser(line, user, { release, mode });
        assert.equal(client.socket.recovered, false);
        const { id } = client;
        assert.equal(client.acknowledged.socketId, id);
        assert.notEqual(client.engine.id, id, 'what proves to be the client is told to nobody');
        const incident = await createIncidentAsUser(server, other);
        await joinRoomWithSuccessfulAck(client, 'incidents');
        await joinRoomWithSuccessfulAck(client, roomNameOfIncident(incident));
        const missed = [];
        const since = await cutLineOfClientWhile(line, client, async () => {
          missed.push((await createIncidentAsUser(server, other)).id);
          await createCommentAsUser(server, other, incident.id, 'missed');
          await updateIncidentAsUser(server, other, missed[0], { title: 'Seen in the feed' });
        });
        assert.equal(client.socket.recovered, true);
        assert.equal(client.id, id);
        assert.equal(client.acknowledged.socketId, id);
        await createCommentAsUser(server, other, incident.id, 'new');
        await fenceClientsWithNewIncident(server, client);
        assert.deepEqual(namesOfEventsSince(client, since), [
          'connection:acknowledged', 'incident:created', 'comment:created', 'incident:updated', 'events:resumed',
          'comment:created', 'incident:created',
        ]);
        const presence = await requestApiExpectingStatus(200, server, other, 'GET', `/api/presence/incident/${incident.id}`);
        assert.deepEqual(presence.users.map((viewer) => viewer.id), [user.id], 'seen as viewing it again');
      });
    }
  }

  test('should_recover_before_it_has_heard_of_anything', async () => {
    const client = await connectSocketAsUser(line, user);
    const since = await cutLineOfClientWhile(line, client, () => createIncidentAsUser(server, other));
    assert.equal(client.socket.recovered, true);
    assert.equal(client.payloadsOf('incident:created', since).length, 1);
  });

  test('should_recover_again_and_again_while_others_write', async () => {
    const client = await connectSocketAsUser(line, user);
    await joinRoomWithSuccessfulAck(client, 'incidents');
    const start = client.acknowledged.lastEventId;
    let writing = true;
    const writers = [user, other].map(async (writer) => {
      while (writing) {
        const incident = await createIncidentAsUser(server, writer);
        await updateIncidentAsUser(server, writer, incident.id, { title: 'Again' });
      }
    });
    try {
      for (let cuts = 0; cuts < 5; cuts += 1) {
        await cutLineOfClientWhile(line, client, () => createIncidentAsUser(server, other));
        assert.equal(client.socket.recovered, true, `cut ${cuts}`);
        await waitForEvent(client, 'incident:updated', { since: client.position });
      }
    } finally {
      writing = false;
    }
    await Promise.all(writers);
    await assertHistoryOfClientIsWhole(server, user, client, start);
  });

  test('should_recover_as_much_as_a_replay_may_have_and_not_one_event_more', async () => {
    const client = await connectSocketAsUser(line, user);
    const createMany = async (count) => {
      for (let left = count; left > 0; left -= 20) {
        await Promise.all(Array.from({ length: Math.min(left, 20) }, () => createIncidentAsUser(server, other)));
      }
    };
    const { id } = client;
    let since = await cutLineOfClientWhile(line, client, () => createMany(REPLAY_LIMIT));
    assert.equal(client.socket.recovered, true);
    await waitForEvent(client, 'events:resumed', { since });
    assert.equal(client.payloadsOf('incident:created', since).length, REPLAY_LIMIT);
    since = await cutLineOfClientWhile(line, client, () => createMany(REPLAY_LIMIT + 1));
    assert.equal(client.socket.recovered, false);
    assert.notEqual(client.id, id);
    await fenceClientsWithNewIncident(server, client);
    assert.equal(client.payloadsOf('incident:created', since).length, 1, 'it shall refetch');
    assertEventWasNotReceived(client, 'events:resumed', { since });
  });

  test('should_be_told_of_nothing_in_rooms_that_it_left', async () => {
    const client = await connectSocketAsUser(line, user);
    const incident = await createIncidentAsUser(server, other);
    for (const room of ['incidents', roomNameOfIncident(incident)]) {
      await joinRoomWithSuccessfulAck(client, room);
      await leaveRoomWithSuccessfulAck(client, room);
    }
    const since = await cutLineOfClientWhile(line, client, () => createCommentAsUser(server, other, incident.id, 'not for them'));
    assert.equal(client.socket.recovered, true);
    await updateIncidentAsUser(server, other, incident.id, { title: 'Nor this' });
    await fenceClientsWithNewIncident(server, client);
    assertEventWasNotReceived(client, 'comment:created', { since });
    assertEventWasNotReceived(client, 'incident:updated', { since });
  });

  test('should_recover_with_todays_rights', async () => {
    const [auror] = await createUsersWithRoles(server, 'AUROR');
    const client = await connectSocketAsUser(line, auror);
    const since = await cutLineOfClientWhile(line, client, async () => {
      await changeRoleOfUser(server, auror, 'STUDENT');
      await createIncidentAsUser(server, other, { severity: 'CRITICAL' });
    });
    assert.equal(client.socket.recovered, true);
    assert.equal(client.acknowledged.user.role, 'STUDENT');
    await fenceClientsWithNewIncident(server, client);
    assertEventWasNotReceived(client, 'escalation:critical', { since });
  });
});

describe('A connection that nobody recovers', () => {
  const reconnect = async (client) => {
    const since = client.position;
    client.socket.connect();
    await waitForEvent(client, 'connection:acknowledged', { since });
  };

  test('should_have_been_ended_by_its_client', async () => {
    const client = await connectSocketAsUser(server, user);
    const { id } = client;
    client.disconnect();
    await reconnect(client);
    assert.equal(client.socket.recovered, false);
    assert.notEqual(client.id, id);
  });

  test('should_have_been_ended_by_the_server', async () => {
    const token = server.mintAccessTokenForUser(user, { expiresInSeconds: 1 });
    const client = await connectSocketWithToken(server, token);
    assert.equal(await waitForEvent(client, '$disconnect'), 'io server disconnect');
    client.socket.auth.token = user.token;
    await reconnect(client);
    assert.equal(client.socket.recovered, false);
  });

  test('should_be_another_users', async () => {
    const client = await connectSocketAsUser(line, user);
    const { id } = client;
    const since = await cutLineOfClientWhile(line, client, async () => {
      client.socket.auth.token = other.token;
      const notified = await createIncidentAsUser(server, other);
      await createCommentAsUser(server, other, notified.id, `For @${user.handle}`);
    });
    assert.equal(client.socket.recovered, false);
    assert.notEqual(client.id, id);
    assert.equal(client.acknowledged.user.id, other.id);
    await fenceClientsWithNewIncident(server, client);
    assertEventWasNotReceived(client, 'notification:new', { since });
  });

  for (const auth of [
    { pid: 'A'.repeat(43), offset: '1' }, { pid: '', offset: '1' }, { pid: 7, offset: 8 }, { pid: null }, { pid: ['x'], offset: {} },
    { pid: 'x'.repeat(10_000), offset: 'x'.repeat(1000) },
  ]) {
    test(`should_not_be_known_by_${JSON.stringify(auth).slice(0, 60)}`, async () => {
      const client = await connectSocketAsUser(server, user, { auth });
      assert.equal(client.socket.recovered, false);
      await fenceClientsWithNewIncident(server, client);
      assert.deepEqual(namesOfEventsSince(client, 0), ['connection:acknowledged', 'incident:created']);
    });
  }

  for (const [what, offset] of [['no', undefined], ['a strange', 'x'], ['a future', '9007199254740991']]) {
    test(`should_have_${what.replace(' ', '_')}_offset`, async () => {
      const client = await connectSocketAsUser(line, user);
      await fenceClientsWithNewIncident(server, client);
      const since = await cutLineOfClientWhile(line, client, () => {
        client.socket._lastOffset = offset;
      });
      assert.equal(client.socket.recovered, false);
      await fenceClientsWithNewIncident(server, client);
      assertEventWasNotReceived(client, 'events:resumed', { since });
    });
  }
});

describe('What an app says itself', () => {
  test('should_not_let_a_client_recover_that_asks_for_a_room_it_may_not_enter', async () => {
    const client = await connectSocketAsUser(line, user);
    await fenceClientsWithNewIncident(server, client);
    const since = await cutLineOfClientWhile(line, client, () => {
      client.socket.auth.room = 'role:AUROR';
    });
    assert.equal(client.socket.recovered, false);
    assert.equal((await waitForEvent(client, 'error', { since })).code, 'FORBIDDEN');
  });

  test('should_win_over_what_is_kept', async () => {
    const client = await connectSocketAsUser(line, user);
    const [viewed, wanted] = [await createIncidentAsUser(server, other), await createIncidentAsUser(server, other)];
    await joinRoomWithSuccessfulAck(client, roomNameOfIncident(viewed));
    await fenceClientsWithNewIncident(server, client);
    const position = client.durableEvents().at(-1).payload.eventId;
    const since = await cutLineOfClientWhile(line, client, async () => {
      await createCommentAsUser(server, other, viewed.id, 'not wanted');
      await createCommentAsUser(server, other, wanted.id, 'wanted');
      Object.assign(client.socket.auth, { lastEventId: position, room: roomNameOfIncident(wanted) });
    });
    assert.equal(client.socket.recovered, false, 'it is not in the room it was in');
    const resumed = await waitForEvent(client, 'events:resumed', { since });
    assert.deepEqual([resumed.from, resumed.complete, resumed.count], [position, true, 1]);
    assert.equal(client.payloadsOf('comment:created', since)[0].incidentId, wanted.id);
  });

  test('should_recover_it_when_it_says_no_less_than_what_is_kept', async () => {
    const client = await connectSocketAsUser(line, user);
    const start = client.acknowledged.lastEventId;
    await joinRoomWithSuccessfulAck(client, 'incidents');
    await fenceClientsWithNewIncident(server, client);
    const since = await cutLineOfClientWhile(line, client, () => {
      Object.assign(client.socket.auth, { lastEventId: start, room: 'incidents' });
    });
    assert.equal(client.socket.recovered, true);
    const resumed = await waitForEvent(client, 'events:resumed', { since });
    assert.deepEqual([resumed.from, resumed.complete, resumed.count], [start, true, 1]);
  });
});

describe('The position of an event', () => {
  test('should_be_the_last_argument_of_durable_events_and_of_the_first_and_of_no_other', async () => {
    const client = openSocketTestClient(server, user.token);
    const all = keepArgumentsOfEvents(client);
    await waitForEvent(client, 'connection:acknowledged');
    const incident = await createIncidentAsUser(server, other, { severity: 'CRITICAL' });
    await joinRoomWithSuccessfulAck(client, roomNameOfIncident(incident));
    await createCommentAsUser(server, other, incident.id, `Look, @${user.handle}`);
    client.emit('room:join', { room: 'role:AUROR' });
    await waitForEvent(client, 'error');
    await waitForEvent(client, 'notification:new');
    await fenceClientsWithNewIncident(server, client);
    assert.ok(all.length > 5);
    for (const [name, payload, ...more] of all) {
      const position = payload.eventId ?? (name === 'connection:acknowledged' ? payload.lastEventId : undefined);
      assert.deepEqual(more, position === undefined ? [] : [position], name);
    }
  });

  for (const [who, options] of [
    ['a_client_of_protocol_3', { release: '2.5' }],
    ['a_client_that_asks_not_to', { query: { recovery: '0' } }],
    ['a_client_of_dart', { headers: { 'User-Agent': 'Dart/3.5 (dart:io)' } }],
    ['a_client_of_python_with_requests', { headers: { 'User-Agent': 'python-requests/2.34.2' } }],
    ['a_client_of_python', { query: { t: '1795219200.123456' }, client: { timestampRequests: false } }],
  ]) {
    test(`should_be_left_out_for_${who}`, async () => {
      const client = openSocketTestClient(line, user.token, options);
      const all = [];
      const deliver = client.socket.onevent;
      client.socket.onevent = (packet) => {
        all.push(packet.data);
        deliver.call(client.socket, packet);
      };
      await waitForEvent(client, 'connection:acknowledged');
      await fenceClientsWithNewIncident(server, client);
      assert.ok(all.every((data) => data.length === 2), JSON.stringify(all).slice(0, 500));
      assert.equal(client.socket._pid, undefined);
      await cutLineOfClientWhile(line, client);
      assert.notEqual(client.socket.recovered, true);
    });
  }

  for (const release of ['3.1', '4.0', '4.5']) {
    test(`should_not_trouble_a_client_of_${release}`, async () => {
      const client = await connectSocketAsUser(line, user, { release });
      const { id } = client;
      const heard = [];
      client.socket.on('incident:created', (payload, ...more) => heard.push([payload.eventId, ...more]));
      await fenceClientsWithNewIncident(server, client);
      await cutLineOfClientWhile(line, client);
      await fenceClientsWithNewIncident(server, client);
      assert.equal(heard.length, 2);
      for (const [eventId, offset] of heard) assert.equal(offset, eventId);
      assert.equal(client.socket.recovered, undefined, 'it has never heard of recovery');
      assert.notEqual(client.id, id);
    });
  }
});
