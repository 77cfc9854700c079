// Bounds and bad input of the hub: each is reached, passed by one, and answered; nobody else pays for it.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import WebSocket from 'ws';
import { createIncidentAsUser } from './helpers/api.mjs';
import { JSON_HANDSHAKE, RECORD_SEPARATOR, openPollingConnection, parseMessagesOfText } from './helpers/hubRequests.mjs';
import { HUB_MODES, HUB_PATH, HubClients } from './helpers/hubTestClient.mjs';
import { assertAckFailsWithCode, fenceClientsWithNewIncident, joinRoomWithSuccessfulAck, roomNameOfIncident } from './helpers/rooms.mjs';
import { runTestWithOwnServer, useServerForTestFile } from './helpers/server.mjs';
import { connectSocketAsUser } from './helpers/socketTestClient.mjs';
import { createUserWithRole, createUsersWithRoles } from './helpers/users.mjs';
import { settleBeforeGivenDeadline, waitForEvent, waitUntilConditionHolds } from './helpers/waitForEvent.mjs';

const BURST = 100;
const MESSAGE_BYTES = 64 * 1024;
const MSGPACK_HANDSHAKE = JSON_HANDSHAKE.replace('json', 'messagepack');
const server = useServerForTestFile({ env: { SIGNALR_KEEP_ALIVE_INTERVAL: '300', SIGNALR_CLIENT_TIMEOUT: '1500' } });
const json = new HubClients('@microsoft/signalr', 'json');
const msgpack = new HubClients('@microsoft/signalr', 'msgpack');

/** A websocket of the hub behind no handshake: `received` grows, `closed` resolves with `{ code, messages }`. */
async function openWebSocketToHub(user, url = server.url) {
  const socket = new WebSocket(`${url.replace('http', 'ws')}${HUB_PATH}`, { headers: { Authorization: `Bearer ${user.token}` } });
  const opened = new Promise((resolve, reject) => socket.on('open', resolve).on('error', reject));
  const connection = { socket, received: [] };
  socket.on('message', (data) => connection.received.push(data));
  connection.closed = new Promise((resolve) => socket.on('close', (code) => resolve(code)));
  await settleBeforeGivenDeadline(opened, () => 'no websocket');
  connection.textReceived = () => Buffer.concat(connection.received).toString();
  return connection;
}

const closedWithin = (connection) => settleBeforeGivenDeadline(connection.closed, () => 'it was not closed');

describe('Rate of calls', () => {
  for (const clients of [json, msgpack]) {
    test(`should_answer_rate_limited_over_the_burst_and_recover_in_${clients.format}`, async () => {
      const [user, watcher] = await createUsersWithRoles(server, 'STUDENT', 'STUDENT');
      const [client, watching] = [await connectSocketAsUser(server, user, { foreign: clients }), await connectSocketAsUser(server, watcher)];
      const incident = await createIncidentAsUser(server, user);
      await joinRoomWithSuccessfulAck(client, roomNameOfIncident(incident));
      const send = () => client.emitEventWithAck('typing:start', { incidentId: incident.id });
      const acks = await Promise.all(Array.from({ length: BURST + 30 }, send));
      const refused = acks.filter(({ ok }) => !ok);
      assert.ok(acks.slice(0, 80).every(({ ok }) => ok) && refused.length > 0);
      for (const ack of refused) assertAckFailsWithCode(ack, 'RATE_LIMITED');
      await waitUntilConditionHolds('calls are accepted again', async () => (await send()).ok, { everyMs: 200 });
      await fenceClientsWithNewIncident(server, client, watching);
    });
  }

  test('should_close_a_connection_that_keeps_on_and_keep_it_away', async () => {
    const client = await connectSocketAsUser(server, await createUserWithRole(server), { foreign: json });
    const flood = setInterval(() => {
      for (let n = 0; n < 200; n += 1) client.emit('room:leave', { room: 'incidents' });
    }, 10);
    try {
      assert.match(await waitForEvent(client, '$closed', { deadlineMs: 20_000 }), /RATE_LIMITED: /);
    } finally {
      clearInterval(flood);
    }
  });

  test('should_have_so_many_connections_of_a_user_and_say_no_to_one_more', async () => {
    const user = await createUserWithRole(server);
    const clients = await Promise.all(Array.from({ length: 32 }, () => connectSocketAsUser(server, user, { foreign: json })));
    const one = await openWebSocketToHub(user);
    one.socket.send(JSON_HANDSHAKE);
    await closedWithin(one);
    const messages = parseMessagesOfText(one.textReceived());
    assert.deepEqual(messages[0], {});
    assert.deepEqual(messages[1], { type: 7, error: 'CONFLICT: A user may have 32 connections at a time' });
    await fenceClientsWithNewIncident(server, ...clients);
  });
});

test('should_take_as_many_connections_as_there_are_places_and_one_more_when_one_is_free', async () => {
  await runTestWithOwnServer({ env: { MAX_CONNECTIONS: '20' } }, async (own) => {
    const user = await createUserWithRole(own);
    const connections = [];
    for (let n = 0; n < 20; n += 1) {
      const connection = await openPollingConnection(own, user.token);
      assert.equal(connection.first.status, 200);
      connections.push(connection);
    }
    const { first } = await openPollingConnection(own, user.token, null);
    assert.equal(first.status, 503);
    assert.ok(Number(first.headers.get('retry-after')) > 0);
    assert.equal((await connections[0].remove()).status, 202);
    assert.equal((await openPollingConnection(own, user.token, null)).first.status, 200);
  });
});

describe('Size of messages', () => {
  for (const clients of [json, msgpack]) {
    for (const mode of Object.keys(HUB_MODES)) {
      if (clients === msgpack && mode === 'sse') continue;
      test(`should_take_64_kb_and_answer_more_in_${clients.format}_over_${mode}`, async () => {
        const client = await connectSocketAsUser(server, await createUserWithRole(server), { foreign: clients, mode });
        const call = (bytes) => client.emitEventWithAck('room:join', { room: 'incidents', padding: 'x'.repeat(bytes) });
        assert.equal((await call(MESSAGE_BYTES - 300)).ok, true);
        for (const bytes of [MESSAGE_BYTES, 2 * MESSAGE_BYTES - 300]) assertAckFailsWithCode(await call(bytes), 'PAYLOAD_TOO_LARGE');
        assert.equal((await call(10)).ok, true);
        // Larger ones cannot be read to be answered.
        const ended = waitForEvent(client, '$disconnect');
        client.emit('room:join', { room: 'incidents', padding: 'x'.repeat(2 * MESSAGE_BYTES + 300) });
        await ended;
      });
    }
  }

  test('should_be_exact_to_the_byte', async () => {
    const connection = await openWebSocketToHub(await createUserWithRole(server));
    const callOfBytes = (id, bytes) => {
      const head = `{"type":1,"invocationId":"${id}","target":"LeaveRoom","arguments":["incidents"],"padding":"`;
      return `${head}${'x'.repeat(bytes - head.length - 2)}"}${RECORD_SEPARATOR}`;
    };
    connection.socket.send(JSON_HANDSHAKE + callOfBytes('1', MESSAGE_BYTES) + callOfBytes('2', MESSAGE_BYTES + 1));
    const completionOf = (id) => parseMessagesOfText(connection.textReceived()).find(({ type, invocationId }) => type === 3 && invocationId === id);
    await waitUntilConditionHolds('both are answered', () => completionOf('1') && completionOf('2'));
    assert.equal(completionOf('1').error, undefined);
    assert.match(completionOf('2').error, /PAYLOAD_TOO_LARGE/);
    connection.socket.send('x'.repeat(2 * MESSAGE_BYTES + 1));
    assert.equal(await closedWithin(connection), 1002);
  });

  test('should_close_a_websocket_whose_message_is_larger_than_all_its_calls_may_be', async () => {
    const connection = await openWebSocketToHub(await createUserWithRole(server));
    connection.socket.send('x'.repeat(256_001));
    assert.equal(await closedWithin(connection), 1009);
  });
});

const CLOSES_WITH_ERROR = /^Connection closed with an error\. ./;
const BAD_JSON = ['x', '[]', '{}', '{"type":"1"}', '{"type":1,"target":"JoinRoom"}', '{"type":4,"target":"StreamEvents","arguments":[]}', '{"type":3,"invocationId":"1","result":1,"error":"x"}', `{"type":1,"target":"a","arguments":[${'['.repeat(80)}${']'.repeat(80)}]}`, `{"type":5,"invocationId":"${'x'.repeat(1025)}"}`];
const BAD_MSGPACK = [[0], [1, 0xc0], [2, 0x91, 0xc1], [3, 0x91, 0x06, 0xc0], [5, 0xdd, 0xff, 0xff, 0xff, 0xff], [0xff, 0xff, 0xff, 0xff, 0xff, 0xff], [0xff, 0xff, 0xff, 0x7f]];

describe('Messages that are none', () => {
  test('should_close_only_the_websocket_that_brings_one', async () => {
    const [user, other] = await createUsersWithRoles(server, 'STUDENT', 'STUDENT');
    const bystander = await connectSocketAsUser(server, other, { foreign: json });
    for (const bad of BAD_JSON) {
      const connection = await openWebSocketToHub(user);
      connection.socket.send(JSON_HANDSHAKE + bad + RECORD_SEPARATOR);
      assert.equal(await closedWithin(connection), 1002, bad);
      const close = parseMessagesOfText(connection.textReceived()).find(({ type }) => type === 7);
      assert.match(close.error, CLOSES_WITH_ERROR, bad);
      assert.equal(close.allowReconnect, undefined);
    }
    for (const bad of BAD_MSGPACK) {
      const connection = await openWebSocketToHub(user);
      connection.socket.send(Buffer.concat([Buffer.from(MSGPACK_HANDSHAKE), Buffer.from(bad)]));
      assert.equal(await closedWithin(connection), 1002, bad.join());
      assert.match(connection.textReceived(), /Connection closed with an error\. ./);
    }
    await fenceClientsWithNewIncident(server, bystander);
    assert.equal(bystander.payloadsOf('$disconnect').length, 0);
  });

  test('should_end_a_polling_connection_that_brings_one', async () => {
    const user = await createUserWithRole(server);
    for (const [handshake, bad] of [...BAD_JSON.map((bad) => [JSON_HANDSHAKE, bad + RECORD_SEPARATOR]), ...BAD_MSGPACK.map((bad) => [MSGPACK_HANDSHAKE, Buffer.from(bad)])]) {
      const { poll, post } = await openPollingConnection(server, user.token, handshake);
      assert.equal((await post(bad)).status, 200);
      let [text, answer] = ['', await poll()];
      for (; answer.status === 200; answer = await poll()) text += answer.body;
      assert.match(text, /Connection closed with an error\. ./, String(bad));
      assert.equal(answer.status, 204);
      assert.equal((await poll()).status, 404);
    }
  });

  test('should_refuse_handshakes_that_are_none_and_say_why', async () => {
    const user = await createUserWithRole(server);
    for (const [text, why] of [
      ['{"protocol":"blazor","version":1}', "The protocol 'blazor' is not supported."],
      ['{"protocol":"json","version":2}', "The server does not support version 2 of the 'json' protocol."],
      ['{}', "The handshake could not be read. Missing required property 'protocol'."],
      ['x', 'The handshake could not be read. Expected a JSON object.'],
    ]) {
      const connection = await openWebSocketToHub(user);
      connection.socket.send(text + RECORD_SEPARATOR);
      await closedWithin(connection);
      assert.deepEqual(parseMessagesOfText(connection.textReceived()), [{ error: why }]);
      const { poll } = await openPollingConnection(server, user.token, text + RECORD_SEPARATOR);
      assert.deepEqual(parseMessagesOfText((await poll()).body), [{ error: why }], 'the next poll fetches it');
      assert.equal((await poll()).status, 204);
    }
  });
});

describe('Silence', () => {
  test('should_ping_a_client_that_is_sent_nothing_else', async () => {
    const connection = await openWebSocketToHub(await createUserWithRole(server));
    connection.socket.send(JSON_HANDSHAKE);
    const pings = () => parseMessagesOfText(connection.textReceived()).filter(({ type }) => type === 6).length;
    await waitUntilConditionHolds('three pings', () => pings() >= 3);
    // It has never pinged by itself, so it need not say anything.
    await waitUntilConditionHolds('it lives longer than the timeout', () => pings() >= 10);
    assert.equal(connection.socket.readyState, WebSocket.OPEN);
    connection.socket.send(`{"type":6}${RECORD_SEPARATOR}`);
    await closedWithin(connection);
  });
});
