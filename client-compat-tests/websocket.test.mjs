// The seed's websocket.test.js, case by case, and what the contract adds to connections and rooms.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { randomUUID } from 'node:crypto';
import {
  createCommentAsUser,
  createIncidentAsUser,
  fetchIncidentPresenceAsUser,
  fetchOnlinePresenceAsUser,
  updateIncidentAsUser,
} from './helpers/api.mjs';
import {
  assertAckFailsWithCode,
  assertEventWasNotReceived,
  fenceClientsWithNewIncident,
  joinRoomWithSuccessfulAck,
  leaveRoomWithSuccessfulAck,
  roomNameOfIncident,
} from './helpers/rooms.mjs';
import { useServerForTestFile } from './helpers/server.mjs';
import { connectSocketAsUser, connectSocketWithToken, expectConnectionToBeRefused } from './helpers/socketTestClient.mjs';
import { createUserTokenByRole, createUserWithRole, createUsersWithRoles, pickPublicUserFields } from './helpers/users.mjs';
import { allowedTimeInMs, waitForEvent, waitUntilConditionHolds } from './helpers/waitForEvent.mjs';

const server = useServerForTestFile();

async function isUserListedAsOnline(user) {
  const { users } = await fetchOnlinePresenceAsUser(server, server.auror);
  return users.some(({ id }) => id === user.id);
}

async function countSessionRowsOfUser(user) {
  const { rows } = await server.executeQueryWithParameters(
    'SELECT COUNT(*) FROM presence_sessions WHERE user_id = $1',
    [user.id],
  );
  return Number(rows[0].count);
}

describe('Socket.io Connection', () => {
  test('should_connect_client_with_valid_jwt_token', async () => {
    const user = await createUserWithRole(server, 'STUDENT');
    const client = await connectSocketWithToken(server, user.token, { tokenBy: 'query' });
    assert.equal(client.socket.connected, true);
    assert.equal(client.acknowledged.socketId, client.id);
    assert.deepEqual(client.acknowledged.user, pickPublicUserFields(user));
    assert.match(client.acknowledged.lastEventId, /^\d+$/);
  });

  test('should_connect_a_client_that_offers_subprotocols', async () => {
    const user = await createUserWithRole(server, 'STUDENT');
    const client = await connectSocketAsUser(server, user, { client: { protocols: ['v2.owl', 'v1.owl'] } });
    assert.equal(client.socket.io.engine.transport.ws.protocol, 'v2.owl');
  });

  test('should_reject_connection_without_jwt_token', async () => {
    assert.equal(await expectConnectionToBeRefused(server, undefined), 'Authentication token required');
  });

  test('should_reject_connection_with_invalid_jwt_token', async () => {
    const user = await createUserWithRole(server, 'STUDENT');
    const expired = server.mintAccessTokenForUser(user, { expiresInSeconds: -3600 });
    assert.equal(await expectConnectionToBeRefused(server, expired), 'Token expired');
    assert.equal(await expectConnectionToBeRefused(server, 'invalid-token'), 'Authentication failed');
  });

  test('should_create_presence_session_on_connect', async () => {
    const user = await createUserWithRole(server, 'STUDENT');
    const client = await connectSocketAsUser(server, user);
    // The acknowledgement follows the commit of the session, so there is nothing to wait for.
    assert.equal(await isUserListedAsOnline(user), true);
    if (!server.usesRealPostgres) return;
    const { rows } = await server.executeQueryWithParameters(
      'SELECT socket_id, current_room, connected_at, last_seen FROM presence_sessions WHERE user_id = $1',
      [user.id],
    );
    assert.equal(rows.length, 1);
    assert.equal(rows[0].current_room, null);
    assert.ok(rows[0].connected_at instanceof Date && rows[0].last_seen instanceof Date);
    assert.notEqual(client.id, undefined);
  });

  test('should_remove_presence_session_on_disconnect', async () => {
    const user = await createUserWithRole(server, 'STUDENT');
    const client = await connectSocketAsUser(server, user);
    client.disconnect();
    const bar = { deadlineMs: allowedTimeInMs(1000) };
    await waitUntilConditionHolds('the user is offline', async () => !(await isUserListedAsOnline(user)), bar);
    if (server.usesRealPostgres) assert.equal(await countSessionRowsOfUser(user), 0);
  });

  test('should_broadcast_presence_join_to_others', async () => {
    const [userA, userB] = await createUsersWithRoles(server, 'STUDENT', 'PREFECT');
    const socketA = await connectSocketAsUser(server, userA);
    const socketB = await connectSocketAsUser(server, userB);
    const joined = await waitForEvent(socketA, 'presence:join', { match: (e) => e.userId === userB.id });
    assert.deepEqual(joined.user, pickPublicUserFields(userB));
    assert.equal(joined.room, undefined);
    await fenceClientsWithNewIncident(server, socketB);
    assertEventWasNotReceived(socketB, 'presence:join', { match: (e) => e.userId === userB.id });
  });

  test('should_allow_reconnection_with_same_token', async () => {
    const token = await createUserTokenByRole(server, 'STUDENT');
    const client = await connectSocketWithToken(server, token);
    const since = client.position;
    client.disconnect();
    client.socket.connect();
    const again = await waitForEvent(client, 'connection:acknowledged', { since });
    assert.equal(again.socketId, client.id);
    await fenceClientsWithNewIncident(server, client);
  });

  test('should_handle_multiple_connections_per_user', async () => {
    const user = await createUserWithRole(server, 'STUDENT');
    const tabs = [await connectSocketAsUser(server, user), await connectSocketAsUser(server, user)];
    await fenceClientsWithNewIncident(server, ...tabs);
    assert.ok(tabs.every((tab) => tab.socket.connected));
    assert.notEqual(tabs[0].id, tabs[1].id);
    const { users } = await fetchOnlinePresenceAsUser(server, user);
    assert.equal(users.filter(({ id }) => id === user.id).length, 1);
    if (server.usesRealPostgres) assert.equal(await countSessionRowsOfUser(user), 2);
  });

  for (const tokenBy of ['auth', 'query', 'header']) {
    for (const mode of ['polling', 'websocket', 'upgrade']) {
      test(`should_take_the_token_from_the_${tokenBy}_over_${mode}`, async () => {
        const user = await createUserWithRole(server, 'STUDENT');
        const client = await connectSocketWithToken(server, user.token, { tokenBy, mode });
        assert.equal(client.acknowledged.user.id, user.id);
      });
    }
  }

  test('should_prefer_the_auth_token_to_the_query_token', async () => {
    const [inAuth, inQuery] = await createUsersWithRoles(server, 'STUDENT', 'STUDENT');
    const client = await connectSocketWithToken(server, inAuth.token, { query: { token: inQuery.token } });
    assert.equal(client.acknowledged.user.id, inAuth.id);
  });

  test('should_join_the_room_named_in_the_auth_payload', async () => {
    const [user, viewer] = await createUsersWithRoles(server, 'STUDENT', 'STUDENT');
    const incident = await createIncidentAsUser(server, user);
    const room = roomNameOfIncident(incident);
    const watcher = await connectSocketAsUser(server, viewer, { auth: { room } });
    const both = await connectSocketAsUser(server, user, { auth: { room: [room, 'incidents'] } });
    const presence = () => fetchIncidentPresenceAsUser(server, user, incident.id);
    await waitUntilConditionHolds('both view the incident', async () => (await presence()).count === 2);
    const comment = await createCommentAsUser(server, user, incident.id);
    for (const client of [watcher, both]) {
      await waitForEvent(client, 'comment:created', { match: (e) => e.comment.id === comment.id });
    }
  });
});

describe('Room Management', () => {
  test('should_join_room_when_requested', async () => {
    const user = await createUserWithRole(server, 'STUDENT');
    const client = await connectSocketAsUser(server, user);
    const incident = await createIncidentAsUser(server, user);
    const room = roomNameOfIncident(incident);
    const ack = await joinRoomWithSuccessfulAck(client, room);
    assert.deepEqual(ack, { ok: true, room, users: [pickPublicUserFields(user)], count: 1 });
    const comment = await createCommentAsUser(server, user, incident.id);
    await waitForEvent(client, 'comment:created', { match: (e) => e.comment.id === comment.id });
    if (!server.usesRealPostgres) return;
    const { rows } = await server.executeQueryWithParameters(
      'SELECT current_room FROM presence_sessions WHERE user_id = $1',
      [user.id],
    );
    assert.deepEqual(rows, [{ current_room: room }]);
  });

  test('should_leave_room_when_requested', async () => {
    const user = await createUserWithRole(server, 'STUDENT');
    const client = await connectSocketAsUser(server, user);
    const incident = await createIncidentAsUser(server, user);
    await joinRoomWithSuccessfulAck(client, roomNameOfIncident(incident));
    await leaveRoomWithSuccessfulAck(client, roomNameOfIncident(incident));
    await createCommentAsUser(server, user, incident.id);
    await fenceClientsWithNewIncident(server, client);
    assertEventWasNotReceived(client, 'comment:created');
    const { count, users } = await fetchIncidentPresenceAsUser(server, user, incident.id);
    assert.deepEqual({ count, users }, { count: 0, users: [] });
  });

  test('should_auto_leave_previous_room_when_joining_new', async () => {
    const [mover, stayer] = await createUsersWithRoles(server, 'STUDENT', 'STUDENT');
    const [moving, staying] = [await connectSocketAsUser(server, mover), await connectSocketAsUser(server, stayer)];
    const [first, second] = [await createIncidentAsUser(server, mover), await createIncidentAsUser(server, mover)];
    for (const client of [moving, staying]) await joinRoomWithSuccessfulAck(client, roomNameOfIncident(first));
    await joinRoomWithSuccessfulAck(moving, roomNameOfIncident(second));
    const left = await waitForEvent(staying, 'presence:leave', { match: (e) => e.userId === mover.id });
    assert.equal(left.room, roomNameOfIncident(first));
    assert.equal((await fetchIncidentPresenceAsUser(server, mover, first.id)).count, 1);
    assert.equal((await fetchIncidentPresenceAsUser(server, mover, second.id)).count, 1);
    await createCommentAsUser(server, mover, first.id);
    const inSecond = await createCommentAsUser(server, mover, second.id);
    await waitForEvent(moving, 'comment:created', { match: (e) => e.comment.id === inSecond.id });
    assert.deepEqual(moving.payloadsOf('comment:created').map((e) => e.incidentId), [second.id]);
  });

  test('should_broadcast_only_to_room_members', async () => {
    const [userA, userB] = await createUsersWithRoles(server, 'STUDENT', 'STUDENT');
    const [socketA, socketB] = [await connectSocketAsUser(server, userA), await connectSocketAsUser(server, userB)];
    const [roomA, roomB] = [await createIncidentAsUser(server, userA), await createIncidentAsUser(server, userA)];
    await joinRoomWithSuccessfulAck(socketA, roomNameOfIncident(roomA));
    await joinRoomWithSuccessfulAck(socketB, roomNameOfIncident(roomB));
    await createCommentAsUser(server, userA, roomA.id);
    await updateIncidentAsUser(server, userA, roomA.id, { severity: 'SERIOUS' });
    await waitForEvent(socketA, 'comment:created');
    await waitForEvent(socketA, 'incident:updated');
    await fenceClientsWithNewIncident(server, socketA, socketB);
    assertEventWasNotReceived(socketB, 'comment:created');
    assertEventWasNotReceived(socketB, 'incident:updated');
  });

  test('should_keep_the_feed_room_beside_one_incident_and_deliver_once', async () => {
    const user = await createUserWithRole(server, 'STUDENT');
    const client = await connectSocketAsUser(server, user);
    const [watched, other] = [await createIncidentAsUser(server, user), await createIncidentAsUser(server, user)];
    assert.deepEqual(await client.emitEventWithAck('room:join', { room: 'incidents' }), {
      ok: true, room: 'incidents', users: [], count: 0,
    });
    await joinRoomWithSuccessfulAck(client, roomNameOfIncident(watched));
    await updateIncidentAsUser(server, user, watched.id, { title: 'Doxies in the curtains' });
    await updateIncidentAsUser(server, user, other.id, { title: 'A boggart in the wardrobe' });
    await fenceClientsWithNewIncident(server, client);
    assert.deepEqual(client.payloadsOf('incident:updated').map((e) => e.incidentId), [watched.id, other.id]);
    await leaveRoomWithSuccessfulAck(client, 'incidents');
    await updateIncidentAsUser(server, user, other.id, { title: 'No boggart after all' });
    await fenceClientsWithNewIncident(server, client);
    assert.equal(client.payloadsOf('incident:updated').length, 2);
  });

  test('should_refuse_rooms_that_are_not_open_to_clients', async () => {
    const [user, victim] = await createUsersWithRoles(server, 'STUDENT', 'STUDENT');
    const client = await connectSocketAsUser(server, user);
    const forbidden = [`user:${victim.id}`, `user:${user.id}`, 'role:AUROR', 'role:STUDENT', 'admin', client.id, 'incidents '];
    for (const room of forbidden) {
      assertAckFailsWithCode(await client.emitEventWithAck('room:join', { room }), 'FORBIDDEN');
    }
    assertAckFailsWithCode(await client.emitEventWithAck('room:join', { room: `incident:${randomUUID()}` }), 'NOT_FOUND');
    await createIncidentAsUser(server, server.auror, { severity: 'CRITICAL' });
    const incident = await createIncidentAsUser(server, user);
    await createCommentAsUser(server, user, incident.id, `Hello @${victim.handle}`);
    await fenceClientsWithNewIncident(server, client);
    assertEventWasNotReceived(client, 'escalation:critical');
    assertEventWasNotReceived(client, 'notification:new');
    assert.equal(client.socket.connected, true);
  });
});
