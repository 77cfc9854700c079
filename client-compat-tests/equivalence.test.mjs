// One table: each call through each protocol comes to the same, and each event carries the same JSON.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createCommentAsUser, createIncidentAsUser, requestApiExpectingStatus, updateIncidentAsUser } from './helpers/api.mjs';
import { STRINGS_THAT_ARE_NO_IDS, listInvalidPayloadsForField } from './helpers/badPayloads.mjs';
import { HubClients } from './helpers/hubTestClient.mjs';
import { fenceClientsWithNewIncident, joinRoomWithSuccessfulAck, roomNameOfIncident } from './helpers/rooms.mjs';
import { StompClients } from './helpers/stompTestClient.mjs';
import { useServerForTestFile } from './helpers/server.mjs';
import { connectSocketAsUser } from './helpers/socketTestClient.mjs';
import { createUsersWithRoles } from './helpers/users.mjs';
import { waitForEvent } from './helpers/waitForEvent.mjs';

const PROTOCOLS = {
  'Socket.IO in JSON': { release: 'current' },
  'Socket.IO in msgpack': { release: 'msgpack' },
  'SignalR in JSON': { foreign: new HubClients('@microsoft/signalr', 'json') },
  'SignalR in MessagePack': { foreign: new HubClients('@microsoft/signalr', 'msgpack') },
  STOMP: { foreign: new StompClients() },
};
const NO_SUCH_ID = '0192c0de-0000-7000-8000-000000000000';

let ada, bob, incident;
const server = useServerForTestFile({ env: { RATE_LIMIT_EVENTS: '0' } }, async () => {
  [ada, bob] = await createUsersWithRoles(server, 'STUDENT', 'STUDENT');
  incident = await createIncidentAsUser(server, bob);
});

const connectEveryProtocol = (user) =>
  Promise.all(Object.values(PROTOCOLS).map((options) => connectSocketAsUser(server, user, options)));

/** What each protocol answers, which must be the same; of times only that there is one. */
async function expectTheSameOfEveryProtocol(clients, event, ...args) {
  const answers = [];
  for (const client of clients) {
    const { expiresAt, ...answer } = await client.emitEventWithAck(event, ...args);
    answers.push({ ...answer, ...(expiresAt === undefined ? {} : { hasExpiry: true }) });
  }
  for (const answer of answers) {
    // A hub tells of a failure in one line of text: there is no place for more.
    if (answer.error) delete answer.error.details;
    assert.deepEqual(answer, answers[0], `${event} ${JSON.stringify(args)?.slice(0, 200)}`);
  }
  return answers[0];
}

describe('Calls', () => {
  const FIELDS = {
    authenticate: 'token',
    'room:join': 'room',
    'room:leave': 'room',
    'typing:start': 'incidentId',
    'typing:stop': 'incidentId',
    'notification:mark_read': 'notificationId',
  };

  test('should_come_to_the_same_when_they_are_right', async () => {
    const clients = await connectEveryProtocol(ada);
    const same = (event, payload) => expectTheSameOfEveryProtocol(clients, event, payload);
    const token = server.mintAccessTokenForUser(ada, { expiresInSeconds: 3000 });
    assert.deepEqual(await same('authenticate', { token }), { ok: true, hasExpiry: true });
    assert.equal((await same('room:join', { room: 'incidents' })).count, 0);
    assert.equal((await same('room:join', { room: roomNameOfIncident(incident) })).count, 1);
    assert.deepEqual(await same('typing:start', { incidentId: incident.id }), { ok: true });
    assert.deepEqual(await same('typing:stop', { incidentId: incident.id }), { ok: true });
    assert.deepEqual(await same('room:leave', { room: roomNameOfIncident(incident) }), { ok: true });
    const mention = await createCommentAsUser(server, bob, incident.id, `For @${ada.handle}`);
    const { id } = await waitForEvent(clients[0], 'notification:new', { match: (e) => e.link.endsWith(mention.id) });
    assert.deepEqual(await same('notification:mark_read', { notificationId: id, unknown: 'ignored' }), { ok: true });
  });

  test('should_be_refused_the_same_by_what_is_not_there_or_not_allowed', async () => {
    const clients = await connectEveryProtocol(ada);
    const codeOf = async (event, payload) => (await expectTheSameOfEveryProtocol(clients, event, payload)).error.code;
    assert.equal(await codeOf('room:join', { room: `incident:${NO_SUCH_ID}` }), 'NOT_FOUND');
    assert.equal(await codeOf('room:join', { room: `user:${bob.id}` }), 'FORBIDDEN');
    assert.equal(await codeOf('typing:start', { incidentId: NO_SUCH_ID }), 'FORBIDDEN');
    assert.equal(await codeOf('notification:mark_read', { notificationId: NO_SUCH_ID }), 'NOT_FOUND');
    assert.equal(await codeOf('authenticate', { token: bob.token }), 'FORBIDDEN');
    const expired = server.mintAccessTokenForUser(ada, { expiresInSeconds: -60 });
    assert.equal(await codeOf('authenticate', { token: expired }), 'TOKEN_EXPIRED');
  });

  for (const [event, field] of Object.entries(FIELDS)) {
    test(`should_refuse_the_same_payloads_of_${event}`, async () => {
      const clients = await connectEveryProtocol(ada);
      for (const [name, args] of Object.entries(listInvalidPayloadsForField(field, 'msgpack'))) {
        // Without an object a hub takes the value for the field of one; and it has a bound on how deep a message is.
        if (typeof args[0] !== 'object' || args[0] === null || Array.isArray(args[0]) || name.startsWith('deep')) continue;
        assert.equal((await expectTheSameOfEveryProtocol(clients, event, ...args)).error.code, 'VALIDATION_ERROR', name);
      }
      if (field === 'room' || field === 'token') return;
      for (const text of STRINGS_THAT_ARE_NO_IDS.filter((id) => !/[\ud800-\udfff]/.test(id))) {
        assert.equal((await expectTheSameOfEveryProtocol(clients, event, { [field]: text })).error.code, 'VALIDATION_ERROR');
      }
    });
  }
});

test('should_carry_each_event_as_the_same_json', async () => {
  const clients = await connectEveryProtocol(server.auror);
  const room = roomNameOfIncident(incident);
  for (const client of clients) await joinRoomWithSuccessfulAck(client, room);
  await fenceClientsWithNewIncident(server, ...clients);
  const since = clients.map((client) => client.position);

  const guest = await connectSocketAsUser(server, bob);
  await joinRoomWithSuccessfulAck(guest, room);
  await guest.emitEventWithAck('typing:start', { incidentId: incident.id });
  const comment = await createCommentAsUser(server, bob, incident.id, `Wörds for @${server.auror.handle} "\\ \u{1f989} ${'long '.repeat(100)}`);
  const { id } = await waitForEvent(clients[0], 'notification:new', { match: (e) => e.link.endsWith(comment.id) });
  await clients[0].emitEventWithAck('notification:mark_read', { notificationId: id });
  await requestApiExpectingStatus(204, server, server.auror, 'DELETE', `/api/notifications/${id}`);
  await requestApiExpectingStatus(204, server, bob, 'DELETE', `/api/incidents/${incident.id}/comments/${comment.id}`);
  await updateIncidentAsUser(server, server.auror, incident.id, { severity: 'CRITICAL', assigneeId: server.auror.id });
  await updateIncidentAsUser(server, server.auror, incident.id, { status: 'RESOLVED', resolution: 'Petrified' });
  guest.disconnect();
  for (const client of clients) await waitForEvent(client, 'presence:leave', { match: (e) => e.userId === bob.id && e.room === undefined });
  await fenceClientsWithNewIncident(server, ...clients);

  const heard = clients.map((client, n) => client.records.slice(since[n]).filter(({ name }) => !/^\$|^presence:counts/.test(name)));
  const names = new Set(heard[0].map(({ name }) => name));
  for (const name of ['incident:created', 'incident:updated', 'incident:resolved', 'comment:created', 'comment:deleted', 'notification:new', 'notification:read', 'notification:deleted', 'escalation:critical', 'presence:join', 'presence:leave', 'presence:typing']) {
    assert.ok(names.has(name), `${name} was sent`);
  }
  const durable = (records) => records.filter(({ payload }) => payload.eventId);
  const [socket, , hub, , stomp] = heard;
  // Byte for byte where both are JSON, and in the same order.
  const texts = (records) => durable(records).map(({ name, payload }) => `${name} ${JSON.stringify(payload)}`);
  assert.deepEqual(texts(hub), texts(socket));
  assert.deepEqual(texts(stomp), texts(socket));
  for (const records of heard) {
    assert.deepEqual(durable(records).map(({ name, payload }) => ({ name, payload })), durable(socket).map(({ name, payload }) => ({ name, payload })));
    const ephemeral = (all) => all.filter(({ payload }) => !payload.eventId).map(({ name, payload }) => ({ name, payload }));
    assert.deepEqual(ephemeral(records), ephemeral(socket));
  }
});
