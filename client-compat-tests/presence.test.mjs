// The seed's presence.test.js, case by case, and what the contract adds to presence.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createIncidentAsUser, fetchIncidentPresenceAsUser, fetchOnlinePresenceAsUser, requestApiExpectingStatus } from './helpers/api.mjs';
import {
  assertEventWasNotReceived,
  fenceClientsWithNewIncident,
  joinRoomWithSuccessfulAck,
  leaveRoomWithSuccessfulAck,
  roomNameOfIncident,
} from './helpers/rooms.mjs';
import { useServerForTestFile } from './helpers/server.mjs';
import { connectSocketAsUser } from './helpers/socketTestClient.mjs';
import { createUserWithRole, createUsersWithRoles, pickPublicUserFields } from './helpers/users.mjs';
import { allowedTimeInMs, waitForEvent, waitForRecordedEvent, waitUntilConditionHolds } from './helpers/waitForEvent.mjs';

const server = useServerForTestFile();

const connectEachUser = (users) => Promise.all(users.map((user) => connectSocketAsUser(server, user)));
const isAboutUser = (user, room) => (e) => e.userId === user.id && e.room === room;

describe('Presence Detection', () => {
  test('should_track_users_in_room_accurately', async () => {
    const users = await createUsersWithRoles(server, 'STUDENT', 'PREFECT', 'AUROR');
    const sockets = await connectEachUser(users);
    const incident = await createIncidentAsUser(server, users[0]);
    for (const socket of sockets) await joinRoomWithSuccessfulAck(socket, roomNameOfIncident(incident));
    const data = await fetchIncidentPresenceAsUser(server, users[0], incident.id);
    assert.equal(data.incidentId, incident.id);
    assert.equal(data.count, 3);
    assert.equal(data.users.length, 3);
    const byId = (one, other) => one.id.localeCompare(other.id);
    assert.deepEqual(data.users.sort(byId), users.map(pickPublicUserFields).sort(byId));
    const { viewersCount } = await requestApiExpectingStatus(200, server, users[0], 'GET', `/api/incidents/${incident.id}`);
    assert.equal(viewersCount, 3);
  });

  test('should_decrement_count_when_user_leaves_room', async () => {
    const user = await createUserWithRole(server, 'STUDENT');
    const socket = await connectSocketAsUser(server, user);
    const incident = await createIncidentAsUser(server, user);
    await joinRoomWithSuccessfulAck(socket, roomNameOfIncident(incident));
    assert.equal((await fetchIncidentPresenceAsUser(server, user, incident.id)).count, 1);
    await leaveRoomWithSuccessfulAck(socket, roomNameOfIncident(incident));
    assert.equal((await fetchIncidentPresenceAsUser(server, user, incident.id)).count, 0);
  });

  test('should_show_typing_indicator_for_3_seconds', async () => {
    const [userA, userB] = await createUsersWithRoles(server, 'STUDENT', 'STUDENT');
    const [socketA, socketB] = await connectEachUser([userA, userB]);
    const incident = await createIncidentAsUser(server, userA);
    for (const socket of [socketA, socketB]) await joinRoomWithSuccessfulAck(socket, roomNameOfIncident(incident));
    socketA.emit('typing:start', { incidentId: incident.id });
    const shown = await waitForRecordedEvent(socketB, 'presence:typing');
    assert.equal(shown.payload.isTyping, true);
    assert.equal(shown.payload.userName, userA.name);
    const cleared = await waitForRecordedEvent(socketB, 'presence:typing', { match: (e) => !e.isTyping });
    assert.deepEqual(cleared.payload, { userId: userA.id, userName: userA.name, incidentId: incident.id, isTyping: false });
    const seconds = (cleared.at - shown.at) / 1000;
    assert.ok(seconds > 2.9 && seconds < 3 + allowedTimeInMs(1), `the indicator was shown for ${seconds} s`);
  });

  test('should_clean_up_presence_on_disconnect', async () => {
    const [user, watcher] = await createUsersWithRoles(server, 'STUDENT', 'STUDENT');
    const [socket, watching] = await connectEachUser([user, watcher]);
    const incident = await createIncidentAsUser(server, user);
    for (const one of [socket, watching]) await joinRoomWithSuccessfulAck(one, roomNameOfIncident(incident));
    socket.disconnect();
    const bar = { deadlineMs: allowedTimeInMs(1000) };
    const isGone = async () => (await fetchIncidentPresenceAsUser(server, watcher, incident.id)).count === 1;
    await waitUntilConditionHolds('the room has one viewer left', isGone, bar);
    await waitForEvent(watching, 'presence:leave', { match: isAboutUser(user, roomNameOfIncident(incident)) });
    await waitForEvent(watching, 'presence:leave', { match: isAboutUser(user, undefined) });
    if (!server.usesRealPostgres) return;
    const result = await server.executeQueryWithParameters('SELECT COUNT(*) FROM presence_sessions WHERE user_id = $1', [user.id]);
    assert.equal(result.rows[0].count, '0');
  });
});

describe('Presence of rooms', () => {
  test('should_tell_the_room_who_joins_and_who_leaves', async () => {
    const [first, second, elsewhere] = await createUsersWithRoles(server, 'STUDENT', 'PREFECT', 'STUDENT');
    const [firstSocket, secondSocket, elsewhereSocket] = await connectEachUser([first, second, elsewhere]);
    const room = roomNameOfIncident(await createIncidentAsUser(server, first));
    await joinRoomWithSuccessfulAck(firstSocket, room);
    await joinRoomWithSuccessfulAck(secondSocket, room);
    const joined = await waitForEvent(firstSocket, 'presence:join', { match: isAboutUser(second, room) });
    assert.deepEqual(joined, { userId: second.id, user: pickPublicUserFields(second), room });
    await leaveRoomWithSuccessfulAck(secondSocket, room);
    const left = await waitForEvent(firstSocket, 'presence:leave', { match: isAboutUser(second, room) });
    assert.deepEqual(left, { userId: second.id, room });
    await fenceClientsWithNewIncident(server, secondSocket, elsewhereSocket);
    assertEventWasNotReceived(secondSocket, 'presence:join', { match: isAboutUser(second, room) });
    for (const name of ['presence:join', 'presence:leave']) {
      assertEventWasNotReceived(elsewhereSocket, name, { match: (e) => e.room !== undefined });
    }
  });

  test('should_count_a_user_with_several_tabs_in_a_room_once', async () => {
    const [watcher, user] = await createUsersWithRoles(server, 'STUDENT', 'STUDENT');
    const [watching, ...tabs] = await connectEachUser([watcher, user, user, user]);
    const incident = await createIncidentAsUser(server, watcher);
    const room = roomNameOfIncident(incident);
    for (const socket of [watching, ...tabs]) await joinRoomWithSuccessfulAck(socket, room);
    assert.equal((await fetchIncidentPresenceAsUser(server, user, incident.id)).count, 2);
    await leaveRoomWithSuccessfulAck(tabs[0], room);
    tabs[1].disconnect();
    const stillOne = await joinRoomWithSuccessfulAck(tabs[2], room);
    assert.equal(stillOne.count, 2);
    await fenceClientsWithNewIncident(server, watching);
    assert.equal(watching.payloadsOf('presence:join').filter(isAboutUser(user, room)).length, 1);
    assertEventWasNotReceived(watching, 'presence:leave', { match: isAboutUser(user, room) });
    await leaveRoomWithSuccessfulAck(tabs[2], room);
    await waitForEvent(watching, 'presence:leave', { match: isAboutUser(user, room) });
    await fenceClientsWithNewIncident(server, watching);
    assert.equal(watching.payloadsOf('presence:leave').filter(isAboutUser(user, room)).length, 1);
  });

  test('should_answer_leaving_a_room_one_is_not_in', async () => {
    const [user, watcher] = await createUsersWithRoles(server, 'STUDENT', 'STUDENT');
    const [socket, watching] = await connectEachUser([user, watcher]);
    const room = roomNameOfIncident(await createIncidentAsUser(server, user));
    await joinRoomWithSuccessfulAck(watching, room);
    const ack = await socket.emitEventWithAck('room:leave', { room });
    assert.equal(typeof ack.ok, 'boolean', JSON.stringify(ack));
    await fenceClientsWithNewIncident(server, watching);
    assertEventWasNotReceived(watching, 'presence:leave', { match: (e) => e.room === room });
  });
});

describe('Presence of the castle', () => {
  test('should_announce_one_join_and_one_leave_for_several_tabs', async () => {
    const [watcher, user] = await createUsersWithRoles(server, 'STUDENT', 'STUDENT');
    const watching = await connectSocketAsUser(server, watcher);
    const tabs = await connectEachUser([user, user, user, user]);
    await waitForEvent(watching, 'presence:join', { match: isAboutUser(user) });
    for (const tab of tabs.slice(1)) tab.disconnect();
    await fenceClientsWithNewIncident(server, watching, tabs[0]);
    assert.equal(watching.payloadsOf('presence:join').filter(isAboutUser(user)).length, 1);
    assertEventWasNotReceived(watching, 'presence:leave', { match: isAboutUser(user) });
    for (const name of ['presence:join', 'presence:leave']) assertEventWasNotReceived(tabs[0], name, { match: isAboutUser(user) });
    tabs[0].disconnect();
    await waitForEvent(watching, 'presence:leave', { match: isAboutUser(user) });
    await fenceClientsWithNewIncident(server, watching);
    assert.equal(watching.payloadsOf('presence:leave').filter(isAboutUser(user)).length, 1);
    assert.equal(watching.payloadsOf('presence:join').filter(isAboutUser(user)).length, 1);
  });

  test('should_list_distinct_users_online_by_role', async () => {
    const users = await createUsersWithRoles(server, 'STUDENT', 'STUDENT', 'PREFECT', 'AUROR');
    await connectEachUser([...users, users[0], users[3]]);
    const isRight = async () => {
      const { total, byRole, users: online } = await fetchOnlinePresenceAsUser(server, users[0]);
      return total === 4 && online.length === 4 && byRole.STUDENT === 2 && byRole.PREFECT === 1 && byRole.AUROR === 1;
    };
    await waitUntilConditionHolds('two students, a prefect and an auror are online', isRight);
    const { users: online } = await fetchOnlinePresenceAsUser(server, users[0]);
    for (const user of users) assert.deepEqual(online.find(({ id }) => id === user.id), pickPublicUserFields(user));
  });

  test('should_send_counts_of_distinct_users_when_they_change', async () => {
    const [student, prefect] = await createUsersWithRoles(server, 'STUDENT', 'PREFECT');
    const watching = await connectSocketAsUser(server, student);
    const onlyOne = (e) => e.total === 1 && e.byRole.STUDENT === 1 && e.byRole.PREFECT === 0 && e.byRole.AUROR === 0;
    const both = (e) => e.total === 2 && e.byRole.STUDENT === 1 && e.byRole.PREFECT === 1 && e.byRole.AUROR === 0;
    const tabs = await connectEachUser([prefect, prefect]);
    await waitForEvent(watching, 'presence:counts', { match: both });
    const since = watching.position;
    tabs.forEach((tab) => tab.disconnect());
    await waitForEvent(watching, 'presence:counts', { since, match: onlyOne });
  });

  test('should_send_counts_to_a_newcomer_too', async () => {
    const [first, newcomer] = await createUsersWithRoles(server, 'STUDENT', 'AUROR');
    await connectSocketAsUser(server, first);
    const socket = await connectSocketAsUser(server, newcomer);
    await waitForEvent(socket, 'presence:counts', { match: (e) => e.byRole.AUROR === 1 && e.byRole.STUDENT === 1 });
  });

  test('should_send_counts_at_most_twice_a_second', async () => {
    const users = await createUsersWithRoles(server, ...Array(12).fill('STUDENT'));
    const watching = await connectSocketAsUser(server, users[0]);
    const startedAt = performance.now();
    for (const user of users.slice(1)) {
      const socket = await connectSocketAsUser(server, user);
      socket.disconnect();
      await waitForEvent(watching, 'presence:leave', { match: isAboutUser(user) });
    }
    await waitForEvent(watching, 'presence:counts', { match: (e) => e.total === 1 });
    const seconds = (performance.now() - startedAt) / 1000;
    const received = watching.payloadsOf('presence:counts').length;
    assert.ok(received <= 2 * seconds + 2, `${received} counts in ${seconds} s`);
  });

  test('should_never_show_a_socket_id_to_anyone_but_its_owner', async () => {
    const [userA, userB] = await createUsersWithRoles(server, 'STUDENT', 'AUROR');
    const socketB = await connectSocketAsUser(server, userB, { mode: 'polling' });
    const socketA = await connectSocketAsUser(server, userA, { mode: 'polling' });
    const incident = await createIncidentAsUser(server, userA, { severity: 'CRITICAL' });
    const room = roomNameOfIncident(incident);
    const acks = [await joinRoomWithSuccessfulAck(socketA, room), await joinRoomWithSuccessfulAck(socketB, room)];
    socketB.emit('typing:start', { incidentId: incident.id });
    await waitForEvent(socketA, 'presence:typing');
    const answers = [
      await fetchOnlinePresenceAsUser(server, userA),
      await fetchIncidentPresenceAsUser(server, userA, incident.id),
      await requestApiExpectingStatus(200, server, userA, 'GET', '/api/events?after=0'),
    ];
    const [idOfA, idOfB] = [socketA.id, socketB.id];
    socketB.disconnect();
    await waitForEvent(socketA, 'presence:leave', { match: isAboutUser(userB) });
    const seenByA = JSON.stringify([socketA.records, acks, answers]);
    assert.ok(!seenByA.includes(idOfB), 'the id of another socket is the key to its session');
    assert.ok(!JSON.stringify(socketB.records).includes(idOfA));
    for (const id of [idOfA, idOfB]) assert.ok(!server.log.includes(id), 'socket ids do not belong into logs');
  });
});
