// Bad payloads: each is answered with its documented code, the connection lives on, and nobody else notices.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { describe, test } from 'node:test';
import WebSocket from 'ws';
import { createIncidentAsUser, requestApiAsUser } from './helpers/api.mjs';
import { STRINGS_THAT_ARE_NO_IDS, buildDeeplyNestedObject, listInvalidPayloadsForField } from './helpers/badPayloads.mjs';
import { assertAckFailsWithCode, fenceClientsWithNewIncident, joinRoomWithSuccessfulAck, roomNameOfIncident } from './helpers/rooms.mjs';
import { useServerForTestFile } from './helpers/server.mjs';
import { connectSocketAsUser } from './helpers/socketTestClient.mjs';
import { createUsersWithRoles } from './helpers/users.mjs';
import { settleBeforeGivenDeadline, waitForEvent, waitUntilConditionHolds } from './helpers/waitForEvent.mjs';

let sender, bystander, incident;
const server = useServerForTestFile({ env: { RATE_LIMIT_EVENTS: '0' } }, async () => {
  [sender, bystander] = await createUsersWithRoles(server, 'STUDENT', 'STUDENT');
  incident = await createIncidentAsUser(server, sender);
});

const FIELD_OF_EVENT = {
  authenticate: 'token',
  'room:join': 'room',
  'room:leave': 'room',
  'typing:start': 'incidentId',
  'typing:stop': 'incidentId',
  'notification:mark_read': 'notificationId',
};
const WAYS = [
  { release: 'current', mode: 'websocket' },
  { release: 'current', mode: 'polling' },
  { release: 'msgpack', mode: 'websocket' },
  { release: '2.5', mode: 'websocket' },
  { release: '3.1', mode: 'websocket' },
];

/** Connects both people, into one room, runs `act(client)`, and proves that only the sender noticed anything. */
async function proveThatNobodyElseNotices(options, act) {
  const watching = await connectSocketAsUser(server, bystander);
  const client = await connectSocketAsUser(server, sender, options);
  for (const one of [watching, client]) await joinRoomWithSuccessfulAck(one, roomNameOfIncident(incident));
  await fenceClientsWithNewIncident(server, watching);
  const since = watching.position;
  const { id } = client;
  await act(client);
  const fence = await fenceClientsWithNewIncident(server, watching, client);
  const noticed = watching.records.slice(since).filter(({ name }) => name !== 'presence:counts');
  assert.deepEqual(noticed.map(({ name, payload }) => [name, payload.incident?.id]), [['incident:created', fence.id]]);
  assert.equal(client.id, id);
  assert.equal(client.payloadsOf('$disconnect').length, 0, 'a bad payload never closes the connection');
}

for (const way of WAYS) {
  describe(`Bad payloads of ${way.release} over ${way.mode}`, () => {
    for (const [event, field] of Object.entries(FIELD_OF_EVENT)) {
      test(`should_answer_wrong_types_and_missing_fields_of_${event}`, () =>
        proveThatNobodyElseNotices(way, async (client) => {
          for (const [name, args] of Object.entries(listInvalidPayloadsForField(field, way.release))) {
            const ack = await client.emitEventWithAck(event, ...args);
            assert.ok(ack?.ok === false, `${event} with ${name}: ${JSON.stringify(ack)}`);
            assertAckFailsWithCode(ack, 'VALIDATION_ERROR');
          }
        }));
    }

    test('should_answer_ids_that_are_none', () =>
      proveThatNobodyElseNotices(way, async (client) => {
        for (const value of STRINGS_THAT_ARE_NO_IDS) {
          for (const event of ['typing:start', 'typing:stop', 'notification:mark_read']) {
            assertAckFailsWithCode(await client.emitEventWithAck(event, { [FIELD_OF_EVENT[event]]: value }), 'VALIDATION_ERROR');
          }
          // A room of another form is a room that is not open to clients, unless it is no name at all.
          for (const event of ['room:join', 'room:leave']) {
            for (const room of [value, `incident:${value}`]) {
              assertAckFailsWithCode(await client.emitEventWithAck(event, { room }), 'VALIDATION_ERROR', 'FORBIDDEN');
            }
          }
        }
      }));

    test('should_answer_things_that_do_not_exist', () =>
      proveThatNobodyElseNotices(way, async (client) => {
        const room = `incident:${randomUUID()}`;
        assertAckFailsWithCode(await client.emitEventWithAck('room:join', { room }), 'NOT_FOUND');
        assertAckFailsWithCode(await client.emitEventWithAck('notification:mark_read', { notificationId: randomUUID() }), 'NOT_FOUND');
        assertAckFailsWithCode(await client.emitEventWithAck('typing:start', { incidentId: randomUUID() }), 'NOT_FOUND', 'FORBIDDEN');
      }));

    test('should_ignore_unknown_fields_and_further_arguments', () =>
      proveThatNobodyElseNotices(way, async (client) => {
        const payload = { room: 'incidents', extra: buildDeeplyNestedObject(50), constructor: { prototype: 1 }, __proto__: null };
        assert.equal((await client.emitEventWithAck('room:join', payload)).ok, true);
        assert.equal((await client.emitEventWithAck('room:leave', { room: 'incidents' }, { room: 'role:AUROR' }, 7)).ok, true);
      }));

    test('should_answer_unknown_events', () =>
      proveThatNobodyElseNotices(way, async (client) => {
        for (const event of ['incident:created', 'room:JOIN', 'presence:leave', 'toString', 'x'.repeat(5000)]) {
          const ack = await client.emitEventWithAck(event, { incidentId: incident.id });
          assertAckFailsWithCode(ack, 'VALIDATION_ERROR', 'NOT_FOUND');
        }
      }));

    test('should_answer_with_the_error_event_where_no_ack_was_asked', () =>
      proveThatNobodyElseNotices(way, async (client) => {
        for (const [event, payload, code] of [
          ['room:join', { room: 'role:AUROR' }, 'FORBIDDEN'],
          ['room:join', { room: `incident:${randomUUID()}` }, 'NOT_FOUND'],
          ['typing:start', { incidentId: 'x' }, 'VALIDATION_ERROR'],
          ['notification:mark_read', null, 'VALIDATION_ERROR'],
          ['authenticate', { token: 'not.a.token' }, 'UNAUTHENTICATED'],
        ]) {
          const since = client.position;
          client.emit(event, payload);
          const error = await waitForEvent(client, 'error', { since });
          assert.equal(error.code, code, `${event} ${JSON.stringify(payload)}`);
          assert.equal(typeof error.message, 'string');
        }
      }));
  });
}

describe('Binary payloads', () => {
  for (const way of WAYS) {
    test(`should_answer_those_of_${way.release}_over_${way.mode}`, () =>
      proveThatNobodyElseNotices(way, async (client) => {
        assertAckFailsWithCode(await client.emitEventWithAck('room:join', { room: Buffer.alloc(64) }), 'VALIDATION_ERROR');
        assertAckFailsWithCode(await client.emitEventWithAck('room:join', Buffer.alloc(1000)), 'VALIDATION_ERROR');
        const several = Array.from({ length: 5 }, () => Buffer.from(incident.id));
        assertAckFailsWithCode(await client.emitEventWithAck('typing:start', { incidentId: several }), 'VALIDATION_ERROR');
      }));
  }
});

// What ends the connection: see the README's known deviations.
describe('Payloads that end the connection', () => {
  const TOO_DEEP = ['room:join', { room: buildDeeplyNestedObject(500) }];
  const TOO_MANY_ATTACHMENTS = ['room:join', { room: Array.from({ length: 11 }, () => Buffer.alloc(8)) }];
  const CASES = [
    [{ release: 'msgpack', mode: 'websocket' }, 'too_deep_for_its_decoder', TOO_DEEP],
    [{ release: 'msgpack', mode: 'polling' }, 'too_deep_for_its_decoder', TOO_DEEP],
    [{ release: 'current', mode: 'websocket' }, 'with_eleven_attachments', TOO_MANY_ATTACHMENTS],
    [{ release: 'current', mode: 'polling' }, 'with_eleven_attachments', TOO_MANY_ATTACHMENTS],
  ];
  for (const [way, name, args] of CASES) {
    test(`should_have_a_${way.release}_client_back_over_${way.mode}_after_one_${name}`, async () => {
      const [watching, client] = [await connectSocketAsUser(server, bystander), await connectSocketAsUser(server, sender, way)];
      const since = client.position;
      client.emit(...args);
      await waitForEvent(client, '$disconnect', { since });
      await waitForEvent(client, 'connection:acknowledged', { since });
      await fenceClientsWithNewIncident(server, watching, client);
      assert.equal(watching.payloadsOf('$disconnect').length, 0);
    });
  }
});

describe('Frames that are no Socket.IO', () => {
  const PATHS = ['/socket.io/', '/socket.io-msgpack/'];
  const openRawSocket = async (path) => {
    const socket = new WebSocket(`${server.url.replace('http', 'ws')}${path}?EIO=4&transport=websocket&token=${sender.token}`);
    socket.on('error', () => {});
    await settleBeforeGivenDeadline(new Promise((resolve) => socket.once('message', resolve)), () => 'no handshake packet');
    return socket;
  };
  const FRAMES = {
    unclosed_json: ['40', '42["room:join",{"room":'],
    no_event_name: ['40', '42[]', '42[null]', '42{}', '42[42,{}]'],
    unknown_packet_types: ['40', '49', '4', '9', '', 'zzz'],
    a_second_connect: ['40', '40', '40{"token":"other"}'],
    another_namespace: ['40/admin,', '42/admin,["room:join",{"room":"incidents"}]'],
    an_event_before_connect: ['42["room:join",{"room":"incidents"}]'],
    an_ack_nobody_asked_for: ['40', '43999999999999999999[1]'],
    attachments_that_never_come: ['40', '451-["room:join",{"_placeholder":true,"num":0}]', '459999999-["room:join"]'],
    invalid_utf8: ['40', [Buffer.from([0x34, 0x32, 0xff, 0xfe, 0xc3, 0x28]), { binary: false }]],
    binary_garbage: ['40', [Buffer.from([0xc1, 0xff, 0x00, 0x93, 0xdf, 0xff, 0xff, 0xff, 0xff]), { binary: true }]],
    deep_arrays: ['40', `42["room:join",${'['.repeat(20_000)}${']'.repeat(20_000)}]`],
  };
  for (const path of PATHS) {
    for (const [name, frames] of Object.entries(FRAMES)) {
      test(`should_survive_${name}_on_${path}`, async () => {
        const watching = await connectSocketAsUser(server, bystander);
        await joinRoomWithSuccessfulAck(watching, roomNameOfIncident(incident));
        const raw = await openRawSocket(path);
        for (const frame of frames) raw.send(...(Array.isArray(frame) ? frame : [frame]));
        await fenceClientsWithNewIncident(server, watching);
        raw.terminate();
        const events = watching.records.map((record) => record.name);
        assert.ok(!events.includes('presence:typing') && !events.includes('error') && !events.includes('$disconnect'));
        await connectSocketAsUser(server, sender);
      });
    }
  }

  test('should_take_names_of_events_however_they_are_written', async () => {
    const raw = await openRawSocket('/socket.io/');
    const received = [];
    raw.on('message', (data) => received.push(data.toString()));
    const NAMES = { known: '"room\\u003ajoin"', quoted: '"na\\"me"', half: '"\\ud800"', number: '1' };
    const find = (head) => received.find((text) => text.startsWith(head));
    raw.send('40');
    await waitUntilConditionHolds('it is connected', () => find('40{'));
    Object.values(NAMES).forEach((name, ack) => raw.send(`42${ack}[${name},{"r\\u006fom":"incidents"}]`));
    raw.send(`42[${NAMES.quoted}]`);
    await waitUntilConditionHolds('all are answered', () => find('433[') && find('42["error",'));
    assert.equal(JSON.parse(find('430[').slice(3))[0].ok, true);
    for (const head of ['431[', '432[', '433[']) assertAckFailsWithCode(JSON.parse(find(head).slice(3))[0], 'VALIDATION_ERROR');
    assert.equal(JSON.parse(find('42["error",').slice(2))[1].code, 'VALIDATION_ERROR');
    raw.terminate();
  });

  test('should_survive_malformed_polling_requests', async () => {
    const watching = await connectSocketAsUser(server, bystander);
    const handshake = await requestApiAsUser(server, null, 'GET', '/socket.io/?EIO=4&transport=polling');
    const { sid } = JSON.parse(handshake.body.slice(1));
    const queries = ['', '?EIO=4', '?EIO=4&transport=carrier-pigeon', '?EIO=4&transport=polling&sid=unknown'];
    for (const query of queries) {
      const { status } = await requestApiAsUser(server, null, 'GET', `/socket.io/${query}`);
      assert.ok(status >= 400 && status < 500, `GET /socket.io/${query}: ${status}`);
    }
    for (const body of ['', 'zzz', '\u001e\u001e', '4'.repeat(1000), Buffer.from([0xff, 0xfe, 0x34])]) {
      const answer = await fetch(`${server.url}/socket.io/?EIO=4&transport=polling&sid=${sid}`, { method: 'POST', body });
      assert.ok(answer.status < 500, `POST ${JSON.stringify(body)}: ${answer.status}`);
    }
    await fenceClientsWithNewIncident(server, watching);
  });
});
