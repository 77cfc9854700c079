// Unmodified stompjs, by websocket and by sockjs-client over each of its transports: every case of the socket clients, played
// by it, and what only STOMP has.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createCommentAsUser, createIncidentAsUser, fetchIncidentPresenceAsUser, fetchNotificationsOfUser, requestApiExpectingStatus, updateIncidentAsUser } from './helpers/api.mjs';
import { defineCompatibilityCasesForClients, defineRestartCaseForClients } from './helpers/compatibilityCases.mjs';
import { HubClients } from './helpers/hubTestClient.mjs';
import { joinRoomWithSuccessfulAck, leaveRoomWithSuccessfulAck, roomNameOfIncident } from './helpers/rooms.mjs';
import { connectSocketAsUser } from './helpers/socketTestClient.mjs';
import { StompClients, buildClientOfOldStyle, buildStompClient } from './helpers/stompTestClient.mjs';
import { createUserWithRole } from './helpers/users.mjs';
import { settleBeforeGivenDeadline, waitForEvent, waitUntilConditionHolds } from './helpers/waitForEvent.mjs';

const played = defineCompatibilityCasesForClients({ stompjs: { foreign: new StompClients() } }, defineCasesOfStomp);
defineRestartCaseForClients(played);

/** A client of stompjs with nothing of ours around it: `{ client, connected }`. */
async function activateClient(context, server, token, options) {
  const client = buildStompClient(server, token, options);
  context.after(() => client.deactivate({ force: true }));
  const connected = new Promise((resolve) => {
    client.onConnect = resolve;
  });
  client.activate();
  return { client, connected: await settleBeforeGivenDeadline(connected, () => 'it is not connected') };
}

/** Subscribes, and resolves once it is done with the messages that come. */
async function subscribeWithReceipt(client, destination, headers = {}) {
  const messages = [];
  const receipt = `subscribed-${destination}-${headers.id ?? ''}`;
  const done = new Promise((resolve) => client.watchForReceipt(receipt, resolve));
  const subscription = client.subscribe(destination, (message) => messages.push(message), { ...headers, receipt });
  await settleBeforeGivenDeadline(done, () => `no receipt of ${destination}`);
  return Object.assign(messages, { subscription });
}

const waitForMessage = (messages, match) => waitUntilConditionHolds(`a message that matches; there are ${messages.map(({ headers }) => headers.event)}`, () => messages.find(match));

function defineCasesOfStomp(server, people, options) {
  const connect = (user = people.ada) => connectSocketAsUser(server, user, options);

  test('should_be_sent_every_event_at_its_destination', async (context) => {
    const { client } = await activateClient(context, server, server.auror.token, options);
    const incident = await createIncidentAsUser(server, people.bob);
    const destinations = ['/topic/incidents', `/topic/incident/${incident.id}`, '/topic/presence', '/topic/escalations', '/user/queue/notifications'];
    const at = {};
    for (const destination of destinations) at[destination] = await subscribeWithReceipt(client, destination);
    const created = await createIncidentAsUser(server, people.bob, { severity: 'CRITICAL' });
    const comment = await createCommentAsUser(server, people.bob, incident.id, `For @${server.auror.handle} "\\ \u{1f989} ä`);
    await waitForMessage(at['/user/queue/notifications'], ({ body }) => body.includes(comment.id));
    await requestApiExpectingStatus(204, server, people.bob, 'DELETE', `/api/incidents/${incident.id}/comments/${comment.id}`);
    await updateIncidentAsUser(server, server.auror, incident.id, { status: 'IN_PROGRESS' });
    await updateIncidentAsUser(server, server.auror, incident.id, { status: 'RESOLVED', resolution: 'Petrified' });
    await connect(await createUserWithRole(server));
    const expected = {
      '/topic/incidents': ['incident.created', 'incident.updated', 'incident.resolved'],
      [`/topic/incident/${incident.id}`]: ['comment.created', 'comment.deleted', 'incident.updated', 'incident.resolved'],
      '/topic/escalations': ['escalation.critical'],
      '/user/queue/notifications': ['notification.new'],
      '/topic/presence': ['presence.counts'],
    };
    for (const [destination, events] of Object.entries(expected)) {
      for (const event of events) {
        const { headers, body } = await waitForMessage(at[destination], (message) => message.headers.event === event);
        const payload = JSON.parse(body);
        assert.equal(headers.destination, destination);
        assert.equal(headers['content-type'], 'application/json');
        assert.equal(Number(headers['content-length']), Buffer.byteLength(body));
        assert.equal(headers['event-id'], payload.eventId, 'of durable events alone');
        assert.match(headers['message-id'], payload.eventId ? new RegExp(`^${payload.eventId}-\\d+$`) : /^e-\d+$/);
        assert.equal(headers.ack, undefined);
      }
    }
    assert.equal(JSON.parse(at['/topic/incidents'][0].body).incident.id, created.id, 'the feed heard nothing before it was subscribed to');
    assert.equal(at['/topic/incidents'].some(({ headers }) => headers.event.startsWith('comment.')), false);
    const ids = Object.values(at).flat().map(({ headers }) => headers['message-id']);
    assert.equal(new Set(ids).size, ids.length);
  });

  test('should_answer_every_call_where_its_client_listens', async () => {
    const [ada, bob] = await Promise.all([connect(), connect(people.bob)]);
    const incident = await createIncidentAsUser(server, people.ada);
    const room = roomNameOfIncident(incident);
    assert.deepEqual((await joinRoomWithSuccessfulAck(ada, room)).room, room);
    assert.equal((await joinRoomWithSuccessfulAck(bob, room)).count, 2);
    assert.equal((await ada.sendWithAnswer('/app/incident.typing', JSON.stringify({ incidentId: incident.id }))).ok, true);
    await waitForEvent(bob, 'presence:typing', { match: (e) => e.isTyping && e.userId === people.ada.id });
    await leaveRoomWithSuccessfulAck(bob, room);
    await waitForEvent(ada, 'presence:leave', { match: (e) => e.room === room && e.userId === people.bob.id });
    const token = server.mintAccessTokenForUser(people.ada, { expiresInSeconds: 3000 });
    assert.ok((await ada.emitEventWithAck('authenticate', { token })).expiresAt > Date.now() / 1000 + 2000);
    const comment = await createCommentAsUser(server, people.bob, incident.id, `For @${people.ada.handle}`);
    const { id } = await waitForEvent(ada, 'notification:new', { match: (e) => e.link.endsWith(comment.id) });
    assert.equal((await ada.emitEventWithAck('notification:mark_read', { notificationId: id })).ok, true);
    await waitForEvent(ada, 'notification:read');
    const refused = await ada.emitEventWithAck('room:join', { room: 'dungeon' });
    assert.deepEqual([refused.ok, refused.error.code], [false, 'FORBIDDEN']);
    ada.emit('room:join', { room: 'dungeon' });
    await waitForEvent(ada, 'error', { match: (e) => e.code === 'FORBIDDEN' });
  });

  test('should_be_told_who_is_there_by_one_message', async (context) => {
    const { client } = await activateClient(context, server, people.ada.token, options);
    const incident = await createIncidentAsUser(server, people.ada);
    await subscribeWithReceipt(client, `/topic/incident/${incident.id}`);
    const viewers = await subscribeWithReceipt(client, `/app/incident/${incident.id}/viewers`);
    const { room, count, users } = JSON.parse((await waitForMessage(viewers, () => true)).body);
    assert.deepEqual([room, count, users.map(({ id }) => id)], [roomNameOfIncident(incident), 1, [people.ada.id]]);
    const counts = await subscribeWithReceipt(client, '/app/presence');
    const { total, byRole } = JSON.parse((await waitForMessage(counts, () => true)).body);
    assert.ok(total >= 1 && byRole.STUDENT >= 1);
    assert.equal((await fetchIncidentPresenceAsUser(server, people.bob, incident.id)).count, 1);
    // Whoever listens is there, and is not when it listens no more.
    const done = new Promise((resolve) => client.watchForReceipt('left', resolve));
    client.unsubscribe('sub-0', { receipt: 'left' });
    await settleBeforeGivenDeadline(done, () => 'no receipt');
    assert.equal((await fetchIncidentPresenceAsUser(server, people.bob, incident.id)).count, 0);
    assert.deepEqual([viewers.length, counts.length], [1, 1]);
  });

  test('should_mark_notifications_as_read_by_acknowledging_them', async (context) => {
    const { client } = await activateClient(context, server, people.ada.token, options);
    const incident = await createIncidentAsUser(server, people.bob);
    const mention = async () => (await createCommentAsUser(server, people.bob, incident.id, `For @${people.ada.handle}`)).id;
    const each = await subscribeWithReceipt(client, '/user/queue/notifications', { ack: 'client-individual', id: 'each' });
    const all = await subscribeWithReceipt(client, '/user/queue/notifications', { ack: 'client', id: 'all' });
    const comments = [await mention(), await mention(), await mention(), await mention()];
    const isNew = ({ headers }) => headers.event === 'notification.new';
    await waitUntilConditionHolds('all of them came', () => each.filter(isNew).length === 4 && all.filter(isNew).length === 4);
    const unread = async () => {
      const { notifications } = await fetchNotificationsOfUser(server, people.ada);
      return comments.map((id) => !notifications.find(({ link }) => link.endsWith(id)).isRead);
    };
    const about = (list, n) => list.filter(isNew).find(({ body }) => body.includes(comments[n]));
    assert.equal(about(each, 0).headers.ack, about(each, 0).headers['message-id']);
    about(each, 3).nack();
    about(each, 0).ack();
    await waitUntilConditionHolds('that one is read', async () => JSON.stringify(await unread()) === '[false,true,true,true]');
    about(all, 2).ack();
    await waitUntilConditionHolds('all before it are read', async () => JSON.stringify(await unread()) === '[false,false,false,true]');
    // Again, and of the one that was not worked on: nothing happens.
    about(each, 0).ack();
    about(each, 3).nack();
    const done = new Promise((resolve) => client.watchForReceipt('done', resolve));
    client.publish({ destination: '/app/room.join', body: '{"room":"incidents"}', headers: { receipt: 'done' } });
    await settleBeforeGivenDeadline(done, () => 'no receipt');
    assert.deepEqual(await unread(), [false, false, false, true]);
  });

  test('should_work_on_a_transaction_once_it_is_committed', async (context) => {
    const { client } = await activateClient(context, server, people.ada.token, options);
    const replies = await subscribeWithReceipt(client, '/user/queue/replies');
    const say = (transaction, n) => transaction.client ?? client.publish({ destination: '/app/room.join', body: '{"room":"incidents"}', headers: { transaction: transaction.id, 'correlation-id': String(n) } });
    const [kept, dropped] = [client.begin(), client.begin()];
    for (const [transaction, n] of [[kept, 1], [dropped, 2], [kept, 3]]) say(transaction, n);
    dropped.abort();
    client.publish({ destination: '/app/room.join', body: '{"room":"incidents"}', headers: { 'correlation-id': '4' } });
    await waitUntilConditionHolds('the one outside is answered', () => replies.length === 1);
    kept.commit();
    await waitUntilConditionHolds('those inside are, in order', () => replies.length === 3);
    assert.deepEqual(replies.map(({ headers }) => headers['correlation-id']), ['4', '1', '3']);
  });

  test('should_speak_every_version', async (context) => {
    for (const version of ['1.0', '1.1', '1.2']) {
      const stompVersions = { versions: [version], supportedVersions: () => version, protocolVersions: () => [`v${version.replace('.', '')}.stomp`] };
      const { client, connected } = await activateClient(context, server, people.ada.token, { ...options, stomp: { stompVersions } });
      assert.equal(connected.headers.version, version);
      // Under 1.1 this library neither escapes nor reads escapes.
      const id = version === '1.1' ? 'a.b' : 'a:b';
      const messages = await subscribeWithReceipt(client, '/topic/incidents', { id });
      const incident = await createIncidentAsUser(server, people.bob, { title: 'Zeile\n"zwei" \\ :' });
      const message = await waitForMessage(messages, ({ body }) => body.includes(incident.id));
      assert.equal(JSON.parse(message.body).incident.title, 'Zeile\n"zwei" \\ :');
      assert.equal(message.headers.subscription, id);
      message.ack();
      client.publish({ destination: '/app/room.join', body: '{"room":"incidents"}', skipContentLengthHeader: true, headers: { receipt: 'r' } });
      await new Promise((resolve) => client.watchForReceipt('r', resolve));
    }
  });

  test('should_connect_in_the_style_of_old', async () => {
    const client = buildClientOfOldStyle(server, options);
    const incident = await createIncidentAsUser(server, people.bob);
    try {
      await settleBeforeGivenDeadline(new Promise((resolve, reject) => client.connect({ Authorization: `Bearer ${people.ada.token}` }, resolve, reject)), () => 'it is not connected');
      const bob = await connect(people.bob);
      await joinRoomWithSuccessfulAck(bob, roomNameOfIncident(incident));
      const messages = [];
      client.subscribe(`/topic/incident/${incident.id}`, (message) => messages.push(message));
      client.send('/app/incident.typing', {}, JSON.stringify({ incidentId: incident.id }));
      await waitForEvent(bob, 'presence:typing', { match: (e) => e.userId === people.ada.id });
      const comment = await createCommentAsUser(server, people.bob, incident.id);
      await waitForMessage(messages, ({ body }) => body.includes(comment.id));
      const refused = new Promise((resolve) => {
        client.onStompError = resolve;
      });
      client.send('/topic/incidents', {}, '{}');
      assert.equal(JSON.parse((await settleBeforeGivenDeadline(refused, () => 'no ERROR')).body).code, 'FORBIDDEN');
    } finally {
      client.disconnect();
    }
  });

  test('should_share_a_room_with_the_clients_of_other_families', async () => {
    const incident = await createIncidentAsUser(server, people.ada);
    const room = roomNameOfIncident(incident);
    const [stomp, socket, hub] = [
      await connect(),
      await connectSocketAsUser(server, people.bob),
      await connectSocketAsUser(server, server.auror, { foreign: new HubClients('@microsoft/signalr', 'json') }),
    ];
    for (const client of [stomp, socket, hub]) await joinRoomWithSuccessfulAck(client, room);
    for (const [client, user] of [[stomp, people.ada], [socket, people.bob], [hub, server.auror]]) {
      client.emit('typing:start', { incidentId: incident.id });
      for (const other of [stomp, socket, hub].filter((one) => one !== client)) {
        await waitForEvent(other, 'presence:typing', { match: (e) => e.isTyping && e.userId === user.id });
      }
    }
    const comment = await createCommentAsUser(server, people.bob, incident.id);
    for (const client of [stomp, socket, hub]) await waitForEvent(client, 'comment:created', { match: (e) => e.comment.id === comment.id });
    assert.equal((await fetchIncidentPresenceAsUser(server, people.ada, incident.id)).count, 3);
    stomp.disconnect();
    for (const client of [socket, hub]) await waitForEvent(client, 'presence:leave', { match: (e) => e.room === room && e.userId === people.ada.id });
  });
}
