// Unmodified SignalR clients, over each transport and in each format: every case of the socket clients, played by them.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createCommentAsUser, createIncidentAsUser, fetchNotificationsOfUser, requestApiExpectingStatus, updateIncidentAsUser } from './helpers/api.mjs';
import { defineCompatibilityCasesForClients, defineRestartCaseForClients } from './helpers/compatibilityCases.mjs';
import { HUB_RELEASES, HubClients } from './helpers/hubTestClient.mjs';
import { joinRoomWithSuccessfulAck, leaveRoomWithSuccessfulAck, roomNameOfIncident } from './helpers/rooms.mjs';
import { connectSocketAsUser } from './helpers/socketTestClient.mjs';
import { waitForEvent } from './helpers/waitForEvent.mjs';

const clients = {};
for (const release of Object.keys(HUB_RELEASES)) {
  clients[`${release} in JSON`] = { foreign: new HubClients(release, 'json') };
  // Server-sent events carry text alone.
  clients[`${release} in MessagePack`] = { foreign: new HubClients(release, 'msgpack'), modes: ['websocket', 'polling'] };
}

function defineCasesOfTheHub(server, people, options) {
  const connect = () => connectSocketAsUser(server, people.ada, options);

  test('should_be_sent_every_target_with_one_argument', async () => {
    const [ada, auror] = await Promise.all([connect(), connectSocketAsUser(server, server.auror, options)]);
    const incident = await createIncidentAsUser(server, people.bob, { severity: 'CRITICAL' });
    await joinRoomWithSuccessfulAck(ada, roomNameOfIncident(incident));
    const about = (e) => e.incidentId === incident.id || e.incident?.id === incident.id;
    await waitForEvent(auror, 'escalation:critical', { match: about });
    await updateIncidentAsUser(server, server.auror, incident.id, { status: 'IN_PROGRESS' });
    await waitForEvent(ada, 'incident:updated', { match: about });
    const comment = await createCommentAsUser(server, people.bob, incident.id, `For @${people.ada.handle}`);
    const mention = await waitForEvent(ada, 'notification:new', { match: (e) => e.link.endsWith(comment.id) });
    assert.equal((await ada.emitEventWithAck('notification:mark_read', { notificationId: mention.id })).ok, true);
    await waitForEvent(ada, 'notification:read');
    await requestApiExpectingStatus(204, server, people.ada, 'DELETE', `/api/notifications/${mention.id}`);
    await waitForEvent(ada, 'notification:deleted', { match: (e) => e.id === mention.id || e.notificationId === mention.id });
    await requestApiExpectingStatus(204, server, people.bob, 'DELETE', `/api/incidents/${incident.id}/comments/${comment.id}`);
    await waitForEvent(ada, 'comment:deleted');
    await updateIncidentAsUser(server, server.auror, incident.id, { status: 'RESOLVED', resolution: 'Petrified' });
    await waitForEvent(ada, 'incident:resolved', { match: about });
    await waitForEvent(ada, 'presence:counts');
    assert.deepEqual(ada.payloadsOf('$arguments'), []);
    assert.equal(ada.records.find(({ name }) => !name.startsWith('$')).name, 'connection:acknowledged', 'it comes first');
    assert.equal((await fetchNotificationsOfUser(server, people.ada)).notifications.some(({ id }) => id === mention.id), false);
  });

  test('should_call_methods_in_whichever_case_and_by_their_other_names', async () => {
    const [ada, bob] = await Promise.all([connect(), connectSocketAsUser(server, people.bob, options)]);
    const incident = await createIncidentAsUser(server, people.ada);
    const room = roomNameOfIncident(incident);
    assert.equal((await ada.invokeMethodWithAck('joinroom', room)).room, room);
    assert.equal((await bob.invokeMethodWithAck('JoinIncidentRoom', incident.id)).count, 2);
    assert.deepEqual(await ada.invokeMethodWithAck('SendTypingIndicator', incident.id), { ok: true });
    await waitForEvent(bob, 'presence:typing', { match: (e) => e.isTyping && e.userId === people.ada.id });
    assert.deepEqual(await ada.invokeMethodWithAck('STOPTYPING', incident.id), { ok: true });
    await waitForEvent(bob, 'presence:typing', { match: (e) => !e.isTyping });
    assert.deepEqual(await bob.invokeMethodWithAck('LeaveIncidentRoom', incident.id), { ok: true });
    await waitForEvent(ada, 'presence:leave', { match: (e) => e.room === room });
    await leaveRoomWithSuccessfulAck(ada, room);
    const token = server.mintAccessTokenForUser(people.ada, { expiresInSeconds: 3000 });
    const renewed = await ada.invokeMethodWithAck('Authenticate', token);
    assert.ok(renewed.expiresAt > Date.now() / 1000 + 2000, JSON.stringify(renewed));
  });

  test('should_be_told_why_a_call_fails_in_the_words_of_asp_net', async () => {
    const ada = await connect();
    const failureOf = (method, ...args) => ada.connection.invoke(method, ...args).then(
      () => assert.fail(`${method} succeeded`),
      (error) => error.message,
    );
    const thrown = (method) => `An unexpected error occurred invoking '${method}' on the server. HubException: `;
    assert.equal(await failureOf('JoinRoom', 'dungeon'), `${thrown('JoinRoom')}FORBIDDEN: This room is not open: join incident:<id> or incidents`);
    for (const args of [[], [{}], [null], [42], [['incidents']], ['incidents', 'more']]) {
      const text = await failureOf('JoinRoom', ...args);
      assert.ok(text.startsWith(`${thrown('JoinRoom')}VALIDATION_ERROR: payload: `), `${JSON.stringify(args)}: ${text}`);
    }
    assert.match(await failureOf('JoinIncidentRoom', '0192c0de-0000-7000-8000-000000000000'), /HubException: NOT_FOUND: /);
    assert.equal(await failureOf('Alohomora', 1), "Unknown hub method 'Alohomora'");
    assert.match(await failureOf('StreamEvents'), /'StreamEvents' method with a non-streaming invocation/);
    // Nobody is told where nothing was asked; failures come as an event.
    await ada.connection.send('JoinRoom', 'dungeon');
    await waitForEvent(ada, 'error', { match: (e) => e.code === 'FORBIDDEN' });
  });
}

const played = defineCompatibilityCasesForClients(clients, defineCasesOfTheHub);

// The release of 2019 leaves the rejection of a poll to nobody when a server stops: Node takes that for a fault of the test.
const hasNoFaultOfItsOwn = ({ foreign, mode }) => foreign.release === '@microsoft/signalr' || mode !== 'polling';
defineRestartCaseForClients({ ...played, ways: played.ways.filter(hasNoFaultOfItsOwn) });
