// Coming back with no code of its own: what a stock client of today does by itself, and what it is told then.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, afterEach, before, beforeEach, describe, test } from 'node:test';
import { createCommentAsUser, createIncidentAsUser, fetchEventLogAsUser, requestApiExpectingStatus, updateIncidentAsUser } from './helpers/api.mjs';
import { ADMIN_DATABASE_URL } from './helpers/database.mjs';
import { openNetworkLineToServer } from './helpers/networkLine.mjs';
import { assertEventWasNotReceived, fenceClientsWithNewIncident, joinRoomWithSuccessfulAck, leaveRoomWithSuccessfulAck, roomNameOfIncident } from './helpers/rooms.mjs';
import { OwlPostServer, useServerForTestFile } from './helpers/server.mjs';
import { connectSocketAsUser, connectSocketWithToken, openSocketTestClient } from './helpers/socketTestClient.mjs';
import { changeRoleOfUser, createUsersWithRoles } from './helpers/users.mjs';
import { waitForEvent, waitForRecordedEvent, waitUntilConditionHolds } from './helpers/waitForEvent.mjs';

const REPLAY_LIMIT = 1000;
const server = useServerForTestFile({ env: { REPLAY_LIMIT: String(REPLAY_LIMIT), TOKEN_GRACE: '0' } });

let user, other, line;

beforeEach(async () => {
  [user, other] = await createUsersWithRoles(server, 'STUDENT', 'STUDENT');
  line = await openNetworkLineToServer(server);
});

afterEach(() => line.close());

/** Where the record of the client stood when its line was cut; it is connected again when this resolves. */
async function cutLineOfClientWhile(client, action = async () => {}) {
  const since = client.position;
  line.cut();
  await waitForEvent(client, '$disconnect', { since });
  await action();
  line.mend();
  await waitForEvent(client, 'connection:acknowledged', { since, deadlineMs: 30_000 });
  return since;
}

/** Names of what came from the server since then, without what others do at their own time. */
function namesOfEventsSince(client, since) {
  return client.records.slice(since).map(({ name }) => name).filter((name) => !/^presence:|^\$/.test(name));
}

function keepArgumentsOfEvents(client) {
  const all = [];
  client.socket.onAny((...args) => all.push(args));
  return all;
}

/** The client has each durable event that it was entitled to since then, once, in the order of the log. It is in the feed. */
async function assertHistoryOfClientIsWhole(client, start) {
  await fenceClientsWithNewIncident(server, client);
  const log = await fetchEventLogAsUser(server, user, start);
  assert.deepEqual(client.durableEvents().map(({ payload }) => payload.eventId), log.map(({ eventId }) => eventId));
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
        const since = await cutLineOfClientWhile(client, async () => {
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
    const since = await cutLineOfClientWhile(client, () => createIncidentAsUser(server, other));
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
        await cutLineOfClientWhile(client, () => createIncidentAsUser(server, other));
        assert.equal(client.socket.recovered, true, `cut ${cuts}`);
        await waitForEvent(client, 'incident:updated', { since: client.position });
      }
    } finally {
      writing = false;
    }
    await Promise.all(writers);
    await assertHistoryOfClientIsWhole(client, start);
  });

  test('should_recover_as_much_as_a_replay_may_have_and_not_one_event_more', async () => {
    const client = await connectSocketAsUser(line, user);
    const createMany = async (count) => {
      for (let left = count; left > 0; left -= 20) {
        await Promise.all(Array.from({ length: Math.min(left, 20) }, () => createIncidentAsUser(server, other)));
      }
    };
    const { id } = client;
    let since = await cutLineOfClientWhile(client, () => createMany(REPLAY_LIMIT));
    assert.equal(client.socket.recovered, true);
    await waitForEvent(client, 'events:resumed', { since });
    assert.equal(client.payloadsOf('incident:created', since).length, REPLAY_LIMIT);
    since = await cutLineOfClientWhile(client, () => createMany(REPLAY_LIMIT + 1));
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
    const since = await cutLineOfClientWhile(client, () => createCommentAsUser(server, other, incident.id, 'not for them'));
    assert.equal(client.socket.recovered, true);
    await updateIncidentAsUser(server, other, incident.id, { title: 'Nor this' });
    await fenceClientsWithNewIncident(server, client);
    assertEventWasNotReceived(client, 'comment:created', { since });
    assertEventWasNotReceived(client, 'incident:updated', { since });
  });

  test('should_recover_with_todays_rights', async () => {
    const [auror] = await createUsersWithRoles(server, 'AUROR');
    const client = await connectSocketAsUser(line, auror);
    const since = await cutLineOfClientWhile(client, async () => {
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
    const since = await cutLineOfClientWhile(client, async () => {
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
      const since = await cutLineOfClientWhile(client, () => {
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
    const since = await cutLineOfClientWhile(client, () => {
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
    const since = await cutLineOfClientWhile(client, async () => {
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
    const since = await cutLineOfClientWhile(client, () => {
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
      await cutLineOfClientWhile(client);
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
      await cutLineOfClientWhile(client);
      await fenceClientsWithNewIncident(server, client);
      assert.equal(heard.length, 2);
      for (const [eventId, offset] of heard) assert.equal(offset, eventId);
      assert.equal(client.socket.recovered, undefined, 'it has never heard of recovery');
      assert.notEqual(client.id, id);
    });
  }
});

describe('A connection that its client has given up', () => {
  const countOfSuperseded = async () => {
    const metrics = await (await fetch(`${server.url}/metrics`)).text();
    return Number(/owlpost_sessions_closed_total\{reason="superseded"\} (\d+)/.exec(metrics)[1]);
  };

  test('should_be_broken_off_at_once_when_the_client_is_back', async () => {
    const client = await connectSocketAsUser(line, user);
    const incident = await createIncidentAsUser(server, other);
    await joinRoomWithSuccessfulAck(client, roomNameOfIncident(incident));
    const [since, before] = [client.position, await countOfSuperseded()];
    // The server does not learn that the line is dead.
    line.swallowOpenConnections();
    client.engine.close();
    await waitForEvent(client, 'connection:acknowledged', { since });
    assert.equal(client.socket.recovered, true);
    assert.equal(await countOfSuperseded(), before + 1);
    // What the dead one's end writes must not undo what the living one is.
    await cutLineOfClientWhile(client);
    assert.equal(client.socket.recovered, true);
    await createCommentAsUser(server, other, incident.id, 'still there');
    await waitForEvent(client, 'comment:created', { since });
  });

  test('should_let_its_client_back_in_where_there_is_no_further_place', async () => {
    const clients = await Promise.all(Array.from({ length: 32 }, () => connectSocketAsUser(line, user)));
    const [client] = clients;
    const since = client.position;
    line.swallowOpenConnections();
    client.engine.close();
    await waitForEvent(client, 'connection:acknowledged', { since });
    assert.equal(client.socket.recovered, true);
  });
});

describe('A server that is away', () => {
  const restart = async (stop) => {
    const client = await connectSocketAsUser(server, user);
    const { id } = client;
    await joinRoomWithSuccessfulAck(client, 'incidents');
    const start = client.acknowledged.lastEventId;
    const since = client.position;
    await createIncidentAsUser(server, other);
    await stop();
    await server.startProcessAndAwaitListening(server.port);
    await waitForEvent(client, 'connection:acknowledged', { since, deadlineMs: 30_000 });
    assert.equal(client.socket.recovered, true);
    assert.equal(client.id, id);
    await assertHistoryOfClientIsWhole(client, start);
  };

  test('should_have_its_clients_recover_after_a_restart', () => restart(() => server.stopProcessAndCheckExit()));

  test('should_have_its_clients_recover_after_a_crash', () => restart(() => server.killProcessWithoutAnyWarning()));
});

describe('Another node', { skip: !ADMIN_DATABASE_URL && 'two nodes need a Postgres server' }, () => {
  let node;

  before(async () => {
    node = new OwlPostServer({ env: server.options.env });
    await node.startAsAnotherNodeOf(server);
  });

  after(() => node?.killProcessWithoutAnyWarning());

  test('should_recover_a_client_whose_node_is_gone', async () => {
    const client = await connectSocketAsUser(line, user);
    const { id } = client;
    await joinRoomWithSuccessfulAck(client, 'incidents');
    const start = client.acknowledged.lastEventId;
    for (const home of [node, server, node]) {
      await cutLineOfClientWhile(client, async () => {
        line.leadToServer(home);
        await createIncidentAsUser(server, other);
      });
      assert.equal(client.socket.recovered, true);
      assert.equal(client.id, id);
    }
    await assertHistoryOfClientIsWhole(client, start);
  });

  test('should_keep_what_its_living_connection_is_when_the_dead_one_is_found', async () => {
    const client = await connectSocketAsUser(line, user);
    const since = client.position;
    line.swallowOpenConnections();
    line.leadToServer(node);
    const dead = client.engine;
    dead.close();
    await waitForEvent(client, 'connection:acknowledged', { since });
    assert.equal(client.socket.recovered, true);
    await joinRoomWithSuccessfulAck(client, 'incidents');
    await cutLineOfClientWhile(client);
    assert.equal(client.socket.recovered, true);
    const updated = await createIncidentAsUser(server, other);
    await updateIncidentAsUser(server, other, updated.id, { title: 'In the feed' });
    await waitForEvent(client, 'incident:updated');
  });
});

describe('What is kept', { skip: !ADMIN_DATABASE_URL && 'the embedded database cannot be queried from outside' }, () => {
  const rowsOfUser = async () => {
    const { rows } = await server.executeQueryWithParameters('select * from recoveries where user_id = $1', [user.id]);
    return rows;
  };

  test('should_tell_nothing_that_lets_anybody_in', async () => {
    const client = await connectSocketAsUser(server, user);
    const [row] = await rowsOfUser();
    const pid = Buffer.from(client.socket._pid, 'base64url');
    assert.equal(pid.length, 32);
    assert.equal(row.pid_hash.length, 32);
    assert.ok(!row.pid_hash.equals(pid));
    assert.equal(row.socket_id, client.id);
    client.disconnect();
    await waitUntilConditionHolds('a deliberate end leaves nothing', async () => (await rowsOfUser()).length === 0);
  });

  test('should_be_bounded_for_each_user', async () => {
    for (let rounds = 0; rounds < 3; rounds += 1) {
      const clients = await Promise.all(Array.from({ length: 32 }, () => connectSocketAsUser(line, user)));
      const gone = clients.map((client) => once(client.socket, 'disconnect'));
      clients.forEach((client) => client.socket.io.reconnection(false));
      line.cut();
      await Promise.all(gone);
      line.mend();
      const isOffline = async () => {
        const { rows } = await server.executeQueryWithParameters('select count(*) from presence_sessions where user_id = $1', [user.id]);
        return rows[0].count === '0';
      };
      await waitUntilConditionHolds('all of them are gone', isOffline);
    }
    assert.equal((await rowsOfUser()).length, 64);
  });

  test('should_be_gone_with_its_time_but_not_while_its_client_is_there', async () => {
    const brief = new OwlPostServer({ env: { RECOVERY_RETENTION: '2s' } });
    try {
      await brief.createDatabaseAndStartProcess();
      const [reader] = await createUsersWithRoles(brief, 'STUDENT');
      const away = await openNetworkLineToServer(brief);
      const client = await connectSocketAsUser(away, reader);
      const countOfRows = async () => {
        const { rows } = await brief.executeQueryWithParameters('select count(*), max(now() - last_seen) < interval \'2 s\' as fresh from recoveries');
        return rows[0];
      };
      const begun = performance.now();
      await waitUntilConditionHolds('the time is over twice', () => performance.now() - begun > 4500);
      assert.deepEqual(await countOfRows(), { count: '1', fresh: true });
      const since = client.position;
      away.cut();
      await waitForEvent(client, '$disconnect', { since });
      await waitUntilConditionHolds('it is removed', async () => (await countOfRows()).count === '0');
      away.mend();
      await waitForEvent(client, 'connection:acknowledged', { since });
      assert.equal(client.socket.recovered, false);
      away.close();
      client.close();
      await brief.stopProcessAndCheckExit();
    } finally {
      brief.child?.kill('SIGKILL');
      await brief.removeDatabaseAndItsFiles();
    }
  });

  test('should_cost_a_storm_tens_of_statements', async () => {
    const CLIENTS = 200;
    const told = new OwlPostServer({ env: { RUST_LOG: 'warn,sqlx::query=debug', MAX_SOCKETS_PER_USER: '200' } });
    try {
      await told.createDatabaseAndStartProcess();
      const [reader] = await createUsersWithRoles(told, 'STUDENT');
      const away = await openNetworkLineToServer(told);
      const clients = await Promise.all(Array.from({ length: CLIENTS }, () => connectSocketAsUser(away, reader)));
      const since = clients.map((client) => client.position);
      away.cut();
      await Promise.all(clients.map((client, n) => waitForEvent(client, '$disconnect', { since: since[n] })));
      const begun = told.log.length;
      away.mend();
      await Promise.all(clients.map((client, n) => waitForEvent(client, 'connection:acknowledged', { since: since[n] })));
      assert.ok(clients.every((client) => client.socket.recovered));
      const statements = told.log.slice(begun).split('\n').filter((text) => text.includes('sqlx::query'));
      const lookUps = statements.filter((text) => /select pid_hash, user_id/.test(text)).length;
      const writes = statements.filter((text) => /insert into recoveries/.test(text)).length;
      assert.ok(lookUps > 0 && lookUps < CLIENTS / 2, `${lookUps} look-ups`);
      assert.ok(writes > 0 && writes < CLIENTS / 2, `${writes} groups`);
      clients.forEach((client) => client.close());
      away.close();
      await told.stopProcessAndCheckExit();
    } finally {
      told.child?.kill('SIGKILL');
      await told.removeDatabaseAndItsFiles();
    }
  });

  test('should_be_nothing_when_it_is_switched_off', async () => {
    const off = new OwlPostServer({ env: { RECOVERY_RETENTION: '0' } });
    try {
      await off.createDatabaseAndStartProcess();
      const [reader] = await createUsersWithRoles(off, 'STUDENT');
      const client = await connectSocketAsUser(off, reader);
      assert.equal(client.socket._pid, undefined);
      const { rows } = await off.executeQueryWithParameters('select * from recoveries');
      assert.equal(rows.length, 0);
      const { payload } = await waitForRecordedEvent(client, 'connection:acknowledged');
      assert.equal(payload.socketId, client.id);
      client.close();
      await off.stopProcessAndCheckExit();
    } finally {
      off.child?.kill('SIGKILL');
      await off.removeDatabaseAndItsFiles();
    }
  });
});
