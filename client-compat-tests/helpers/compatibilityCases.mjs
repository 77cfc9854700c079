// What every release of the client must be able to do, over every transport it may use.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createCommentAsUser, createIncidentAsUser } from './api.mjs';
import { TRANSPORT_MODES } from './clientReleases.mjs';
import { openNetworkLineToServer } from './networkLine.mjs';
import {
  assertAckFailsWithCode,
  assertEventWasNotReceived,
  fenceClientsWithNewIncident,
  joinRoomWithSuccessfulAck,
  roomNameOfIncident,
} from './rooms.mjs';
import { defineReceiptCasesForMode } from './receiptCases.mjs';
import { useServerForTestFile } from './server.mjs';
import { connectSocketAsUser, expectConnectionToBeRefused } from './socketTestClient.mjs';
import { createUsersWithRoles, pickPublicUserFields } from './users.mjs';
import { waitForEvent } from './waitForEvent.mjs';

/** Starts a server for the test file and defines the cases of one release for each transport mode. */
export function defineCompatibilityCasesForRelease(release) {
  defineCompatibilityCasesForClients({ [`socket.io-client ${release}`]: { release } });
}

/**
 * The same for several clients. `clients`: by name, the options their connections are opened with. `defineMoreCases`
 * is called with `server`, `people` and the options of each client and mode. Returns the server, `people` and all `ways`,
 * the options for each client and mode.
 */
export function defineCompatibilityCasesForClients(clients, defineMoreCases = () => {}) {
  const people = {};
  const server = useServerForTestFile({}, async () => {
    [people.ada, people.bob] = await createUsersWithRoles(server, 'STUDENT', 'PREFECT');
  });
  const ways = Object.entries(clients).flatMap(([name, options]) =>
    Object.keys(options.foreign?.modes ?? TRANSPORT_MODES)
      .filter((mode) => options.modes?.includes(mode) ?? true)
      .map((mode) => ({ name, ...options, mode })),
  );
  for (const options of ways) {
    describe(`${options.name} over ${options.mode}`, () => {
      const connectBothPeople = () =>
        Promise.all([connectSocketAsUser(server, people.ada, options), connectSocketAsUser(server, people.bob, options)]);
      defineConnectionCasesForMode(server, people, options);
      defineEventCasesForMode(server, people, options, connectBothPeople);
      defineReconnectionCasesForMode(server, people, options, connectBothPeople);
      defineReceiptCasesForMode(server, people, options);
      defineMoreCases(server, people, options);
    });
  }
  return { server, people, ways };
}

/** That all of them come back by themselves when the server has been restarted. */
export function defineRestartCaseForClients({ server, people, ways }) {
  test('should_come_back_by_themselves_after_a_restart_of_the_server', async () => {
    const clients = await Promise.all(ways.map((options) => connectSocketAsUser(server, people.ada, options)));
    const since = clients.map((client) => client.position);
    await server.stopProcessAndCheckExit();
    await Promise.all(clients.map((client, n) => waitForEvent(client, '$disconnect', { since: since[n] })));
    await server.startProcessAndAwaitListening(server.port);
    await Promise.all(clients.map((client, n) => waitForEvent(client, 'connection:acknowledged', { since: since[n], deadlineMs: 30_000 })));
    await fenceClientsWithNewIncident(server, ...clients);
  });
}

function defineConnectionCasesForMode(server, people, options) {
  test('should_connect_with_a_token_and_be_acknowledged', async () => {
    const client = await connectSocketAsUser(server, people.ada, options);
    const { socketId, user, lastEventId } = client.acknowledged;
    assert.equal(socketId, client.id);
    const expected = options.foreign?.describeAcknowledgedUser?.(people.ada) ?? pickPublicUserFields(people.ada);
    assert.deepEqual(user, expected);
    assert.match(lastEventId, /^\d+$/);
    assert.equal(client.payloadsOf('connection:acknowledged').length, 1);
  });

  test('should_be_refused_with_the_exact_texts', async () => {
    const refusalOf = (token) => expectConnectionToBeRefused(server, token, options);
    const expired = server.mintAccessTokenForUser(people.ada, { expiresInSeconds: -3600 });
    const expectedText = (text) => options.foreign?.refusalText ?? text;
    assert.equal(await refusalOf(undefined), expectedText('Authentication token required'));
    assert.equal(await refusalOf(expired), expectedText('Token expired'));
    assert.equal(await refusalOf('not.a.token'), expectedText('Authentication failed'));
  });
}

function defineEventCasesForMode(server, people, options, connectBothPeople) {
  test('should_receive_incident_created_on_post', async () => {
    const [ada, bob] = await connectBothPeople();
    const incident = await createIncidentAsUser(server, people.ada, { title: 'Grüße aus 霍格沃茨 🦉' });
    for (const client of [ada, bob]) {
      const event = await waitForEvent(client, 'incident:created', { match: (e) => e.incident.id === incident.id });
      assert.equal(event.incident.title, 'Grüße aus 霍格沃茨 🦉');
      assert.deepEqual(event.createdBy, pickPublicUserFields(people.ada));
      assert.match(event.eventId, /^\d+$/);
    }
  });

  if (!options.foreign?.endsOnUnknownCalls) test('should_be_answered_whatever_an_event_is_called', async () => {
    const [ada] = await connectBothPeople();
    const since = ada.position;
    // Some clients write what is not ASCII with escapes, and what is between the quotes all of them.
    assertAckFailsWithCode(await ada.emitEventWithAck('grüße "aus" \\Hogwarts\\', {}), 'VALIDATION_ERROR');
    await fenceClientsWithNewIncident(server, ada);
    assertEventWasNotReceived(ada, '$disconnect', { since });
  });

  test('should_join_a_room_and_be_answered_with_its_viewers', async () => {
    const [ada, bob] = await connectBothPeople();
    const room = roomNameOfIncident(await createIncidentAsUser(server, people.ada));
    const first = await joinRoomWithSuccessfulAck(ada, room);
    assert.deepEqual([first.room, first.count], [room, 1]);
    const second = await joinRoomWithSuccessfulAck(bob, room);
    assert.equal(second.count, 2);
    assert.deepEqual(second.users.map((user) => user.id).sort(), [people.ada.id, people.bob.id].sort());
  });

  test('should_show_typing_and_comments_to_the_other', async () => {
    const [ada, bob] = await connectBothPeople();
    const incident = await createIncidentAsUser(server, people.ada);
    for (const client of [ada, bob]) await joinRoomWithSuccessfulAck(client, roomNameOfIncident(incident));
    ada.emit('typing:start', { incidentId: incident.id });
    const typing = await waitForEvent(bob, 'presence:typing', { match: (e) => e.isTyping });
    assert.deepEqual(typing, { userId: people.ada.id, userName: people.ada.name, incidentId: incident.id, isTyping: true });
    ada.emit('typing:stop', { incidentId: incident.id });
    await waitForEvent(bob, 'presence:typing', { match: (e) => !e.isTyping });
    const comment = await createCommentAsUser(server, people.ada, incident.id);
    await waitForEvent(bob, 'comment:created', { match: (e) => e.comment.id === comment.id });
  });

  test('should_receive_notification_new_when_mentioned', async () => {
    const [, bob] = await connectBothPeople();
    const incident = await createIncidentAsUser(server, people.ada);
    const comment = await createCommentAsUser(server, people.ada, incident.id, `Look here, @${people.bob.handle}`);
    const link = `/incidents/${incident.id}#comment-${comment.id}`;
    const notification = await waitForEvent(bob, 'notification:new', { match: (e) => e.link === link });
    assert.equal(notification.type, 'mention');
    // The asyncio client of python-socketio forgets its goodbye when it is just answering a ping, as one follows a notification.
    await fenceClientsWithNewIncident(server, bob);
  });
}

function defineReconnectionCasesForMode(server, people, options, connectBothPeople) {
  test('should_announce_its_leave_when_it_disconnects', async () => {
    const [ada, bob] = await connectBothPeople();
    bob.disconnect();
    await waitForEvent(ada, 'presence:leave', { match: (e) => e.userId === people.bob.id && e.room === undefined });
  });

  test('should_reconnect_by_itself_after_a_cut_line', async (context) => {
    const line = await openNetworkLineToServer(server);
    context.after(() => line.close());
    const client = await connectSocketAsUser(server, people.ada, { ...options, url: line.url });
    const since = client.position;
    line.cut();
    await waitForEvent(client, '$disconnect', { since });
    line.mend();
    await waitForEvent(client, 'connection:acknowledged', { since });
    const incident = await createIncidentAsUser(server, people.bob);
    await waitForEvent(client, 'incident:created', { since, match: (e) => e.incident.id === incident.id });
  });
}
