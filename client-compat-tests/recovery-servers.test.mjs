// What servers keep of stock clients: over a restart and a crash, from node to node, for how long and how much.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, afterEach, before, beforeEach, describe, test } from 'node:test';
import { createCommentAsUser, createIncidentAsUser, updateIncidentAsUser } from './helpers/api.mjs';
import { ADMIN_DATABASE_URL } from './helpers/database.mjs';
import { openNetworkLineToServer } from './helpers/networkLine.mjs';
import { assertHistoryOfClientIsWhole, cutLineOfClientWhile } from './helpers/recovery.mjs';
import { joinRoomWithSuccessfulAck, roomNameOfIncident } from './helpers/rooms.mjs';
import { OwlPostServer, runTestWithOwnServer, useServerForTestFile } from './helpers/server.mjs';
import { connectSocketAsUser } from './helpers/socketTestClient.mjs';
import { createUsersWithRoles } from './helpers/users.mjs';
import { waitForEvent, waitForRecordedEvent, waitUntilConditionHolds } from './helpers/waitForEvent.mjs';

const server = useServerForTestFile();

let user, other, line;

beforeEach(async () => {
  [user, other] = await createUsersWithRoles(server, 'STUDENT', 'STUDENT');
  line = await openNetworkLineToServer(server);
});

afterEach(() => line.close());

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
    await cutLineOfClientWhile(line, client);
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
    await assertHistoryOfClientIsWhole(server, user, client, start);
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
      await cutLineOfClientWhile(line, client, async () => {
        line.leadToServer(home);
        await createIncidentAsUser(server, other);
      });
      assert.equal(client.socket.recovered, true);
      assert.equal(client.id, id);
    }
    await assertHistoryOfClientIsWhole(server, user, client, start);
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
    await cutLineOfClientWhile(line, client);
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
    await runTestWithOwnServer({ env: { RECOVERY_RETENTION: '2s' } }, async (brief) => {
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
    });
  });

  test('should_cost_a_storm_tens_of_statements', async () => {
    const CLIENTS = 200;
    await runTestWithOwnServer({ env: { RUST_LOG: 'warn,sqlx::query=debug', MAX_SOCKETS_PER_USER: '200' } }, async (told) => {
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
      const lookUps = statements.filter((text) => /select r.pid_hash, r.user_id/.test(text)).length;
      const writes = statements.filter((text) => /insert into recoveries/.test(text)).length;
      assert.ok(lookUps > 0 && lookUps < CLIENTS / 2, `${lookUps} look-ups`);
      assert.ok(writes > 0 && writes < CLIENTS / 2, `${writes} groups`);
      clients.forEach((client) => client.close());
      away.close();
    });
  });

  test('should_be_nothing_when_it_is_switched_off', async () => {
    await runTestWithOwnServer({ env: { RECOVERY_RETENTION: '0' } }, async (off) => {
      const [reader] = await createUsersWithRoles(off, 'STUDENT');
      const client = await connectSocketAsUser(off, reader);
      assert.equal(client.socket._pid, undefined);
      const { rows } = await off.executeQueryWithParameters('select * from recoveries');
      assert.equal(rows.length, 0);
      const { payload } = await waitForRecordedEvent(client, 'connection:acknowledged');
      assert.equal(payload.socketId, client.id);
      client.close();
    });
  });
});
