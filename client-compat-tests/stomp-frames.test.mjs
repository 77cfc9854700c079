// Bad frames, foreign destinations and bounds of STOMP: each is answered with the ERROR of the contract, and nobody else hears
// of it.
import assert from 'node:assert/strict';
import { afterEach, describe, test } from 'node:test';
import { createIncidentAsUser } from './helpers/api.mjs';
import { fenceClientsWithNewIncident } from './helpers/rooms.mjs';
import { runTestWithOwnServer, useServerForTestFile } from './helpers/server.mjs';
import { connectSocketAsUser } from './helpers/socketTestClient.mjs';
import { closeEveryWireConnection, openWireAsUser, openWireToServer, writeFrame } from './helpers/stompFrames.mjs';
import { StompClients } from './helpers/stompTestClient.mjs';
import { createUserWithRole, createUsersWithRoles } from './helpers/users.mjs';
import { settleBeforeGivenDeadline, waitUntilConditionHolds } from './helpers/waitForEvent.mjs';

const NO_SUCH_ID = '0192c0de-0000-7000-8000-000000000000';
const FRAME_BYTES = 64_000;
let ada, bob, watching;
const server = useServerForTestFile({ env: { LIMIT_MESSAGE: String(FRAME_BYTES), STOMP_HEARTBEAT: '200' } }, async () => {
  [ada, bob] = await createUsersWithRoles(server, 'STUDENT', 'STUDENT');
});
afterEach(async () => {
  closeEveryWireConnection();
});

/** Everything a bystander was sent while something went wrong, but for presence. */
async function expectNobodyElseToHear(during) {
  watching = await connectSocketAsUser(server, bob, { foreign: new StompClients() });
  await fenceClientsWithNewIncident(server, watching);
  const since = watching.position;
  await during();
  await fenceClientsWithNewIncident(server, watching);
  const heard = watching.records.slice(since).map(({ name }) => name).filter((name) => !name.startsWith('presence:'));
  assert.deepEqual(heard, ['incident:created']);
}

const send = (destination, headers, body = '{}') => writeFrame('SEND', { destination, ...headers }, body);
const subscribe = (id, destination, headers) => writeFrame('SUBSCRIBE', { id, destination, ...headers });

describe('Broken frames', () => {
  const BROKEN = {
    'an unknown command': ['GET / HTTP/1.1\n\n\0', 'The command is none of STOMP'],
    'a command in small letters': ['send\ndestination:x\n\n\0', 'The command is none of STOMP'],
    'a frame that ends in its head': ['SEND\ndestination:/app/room.join\0', 'A frame ended before the empty line behind its headers'],
    'a header without a colon': ['SEND\ndestination\n\n\0', 'A header has no colon'],
    'a header without a name': ['SEND\n:x\n\n\0', 'A header has no name'],
    'an undefined escape': ['SEND\ndestination:a\\t\n\n\0', 'A header has an undefined escape'],
    'an escape that is cut off': ['SEND\ndestination:a\\\n\n\0', 'A header has an undefined escape'],
    'bytes that are no UTF-8': [Buffer.from([...Buffer.from('SEND\ndestination:'), 0xff, ...Buffer.from('\n\n\0')]), 'Command and headers must be UTF-8'],
    'a negative length': ['SEND\ncontent-length:-1\n\n\0', 'content-length must be a number of bytes'],
    'a length that is too short': [send('/app/room.join', { 'content-length': 1 }), 'No NUL follows the bytes that content-length counts'],
    'a second CONNECT': [writeFrame('CONNECT', { 'accept-version': '1.2' }), 'The client is connected already'],
    'a SEND to nowhere': [writeFrame('SEND'), 'destination is missing'],
    'a SUBSCRIBE without an id': [writeFrame('SUBSCRIBE', { destination: '/topic/incidents' }), 'id is missing'],
    'a SUBSCRIBE to nothing': [writeFrame('SUBSCRIBE', { id: 1 }), 'destination is missing'],
    'a selector': [subscribe(1, '/topic/incidents', { selector: 'severity = 1' }), 'selector is not supported'],
    'an unknown ack mode': [subscribe(1, '/topic/incidents', { ack: 'sometimes' }), 'ack must be auto, client or client-individual'],
    'an ACK of nothing': [writeFrame('ACK'), 'id is missing'],
    'a COMMIT of nothing': [writeFrame('COMMIT', { transaction: 't' }), 'This transaction has not begun'],
    'an ABORT of nothing': [writeFrame('ABORT', { transaction: 't' }), 'This transaction has not begun'],
    'a transaction twice': [writeFrame('BEGIN', { transaction: 't' }).repeat(2), 'This transaction has begun already'],
    'a SEND in no transaction': [send('/app/room.join', { transaction: 't' }), 'This transaction has not begun'],
    'too many headers': [`SEND\n${'a:b\n'.repeat(65)}\n\0`, 'There are more headers than may be', 'PAYLOAD_TOO_LARGE'],
    'a head that is too long': [`SEND\na:${'x'.repeat(16 * 1024)}\n\n\0`, 'The headers are larger than the limit', 'PAYLOAD_TOO_LARGE'],
    'a length beyond all bounds': ['SEND\ncontent-length:99999999999999\n\n\0', 'The frame is larger than the limit', 'PAYLOAD_TOO_LARGE'],
  };
  for (const [name, [frame, message, code = 'VALIDATION_ERROR']] of Object.entries(BROKEN)) {
    test(`should_end_the_connection_over_${name.replaceAll(' ', '_')}`, async () => {
      const connection = await openWireAsUser(server, ada);
      const error = await connection.expectErrorAfter(frame);
      assert.deepEqual(error.json, { code, message });
      assert.deepEqual([error.code, error.headers.message, error.headers['content-type']], [1002, message, 'application/json']);
      assert.equal(Number(error.headers['content-length']), Buffer.byteLength(error.body));
    });
  }

  test('should_answer_what_came_before_and_nothing_that_came_behind', async () => {
    const connection = await openWireAsUser(server, ada);
    const frames = [subscribe(1, '/topic/incidents', { receipt: 'first' }), 'NONSENSE\n\n\0', subscribe(2, '/topic/presence', { receipt: 'last' })];
    const error = await connection.expectErrorAfter(frames.join(''));
    assert.equal(error.json.message, 'The command is none of STOMP');
    const receipts = connection.frames().filter(({ command }) => command === 'RECEIPT').map(({ headers }) => headers['receipt-id']);
    assert.deepEqual(receipts, ['first']);
  });

  test('should_say_which_receipt_will_not_come', async () => {
    const connection = await openWireAsUser(server, ada);
    const error = await connection.expectErrorAfter(writeFrame('SEND', { receipt: 'a\\cb' }));
    assert.equal(error.headers['receipt-id'], 'a\\cb');
  });

  test('should_read_frames_however_they_are_cut_and_joined', async () => {
    const connection = await openWireAsUser(server, ada);
    const frames = `\n\r\n${subscribe('a\\cb', '/user/queue/replies')}${send('/app/room.join', { 'correlation-id': 'x\\ny\\\\' }, '{"room":"incidents"}')}\n`;
    for (const byte of Buffer.from(frames)) connection.send(Buffer.of(byte));
    const { headers, body } = await connection.waitForFrame('MESSAGE');
    assert.deepEqual([headers.subscription, headers['correlation-id'], headers['in-reply-to']], ['a\\cb', 'x\\ny\\\\', '/app/room.join']);
    assert.equal(JSON.parse(body).room, 'incidents');
  });
});

describe('The first frame', () => {
  test('should_be_a_connect', async () => {
    for (const frame of [send('/app/room.join'), writeFrame('DISCONNECT'), 'x\n\n\0']) {
      const connection = await openWireToServer(server);
      const error = await connection.expectErrorAfter(frame);
      assert.equal(error.json.code, 'VALIDATION_ERROR');
    }
  });

  test('should_be_told_which_versions_there_are', async () => {
    const connection = await openWireToServer(server);
    const error = await connection.expectErrorAfter(writeFrame('CONNECT', { 'accept-version': '1.3,2.0', token: ada.token }));
    assert.equal(error.headers.version, '1.0,1.1,1.2');
  });

  test('should_choose_the_highest_version_and_subprotocol', async () => {
    for (const [accepted, version] of [['1.0,1.1,1.2', '1.2'], ['1.1,1.0', '1.1'], ['1.0', '1.0'], [null, '1.0']]) {
      const connection = await openWireAsUser(server, ada, { version: accepted });
      assert.equal(connection.connected.headers.version, version);
    }
    for (const [protocols, chosen] of [[['v10.stomp', 'v12.stomp', 'v11.stomp'], 'v12.stomp'], [['foreign', 'v11.stomp'], 'v11.stomp'], [[], '']]) {
      assert.equal((await openWireAsUser(server, ada, { protocols })).socket.protocol, chosen);
    }
    // A client that offers only what we do not speak fails by itself.
    await assert.rejects(openWireToServer(server, { protocols: ['foreign'] }), /subprotocol/);
  });

  test('should_bring_the_token_where_people_put_it', async () => {
    const bearer = { Authorization: `Bearer ${ada.token}` };
    for (const [headers, options] of [
      [bearer, {}],
      [{ authorization: `bearer ${ada.token}` }, {}],
      [{ token: ada.token }, {}],
      [{ login: 'anything', passcode: ada.token }, {}],
      [{}, { path: `/ws?access_token=${ada.token}` }],
      [{}, { path: `/ws/?token=${ada.token}` }],
      [{}, { path: '/ws/websocket', headers: bearer }],
    ]) {
      const connection = await openWireToServer(server, options);
      connection.send(writeFrame('STOMP', { 'accept-version': '1.2', ...headers }));
      const connected = await connection.waitForFrame('CONNECTED');
      assert.equal(connected.headers['user-id'], ada.id);
    }
  });

  test('should_be_refused_with_the_three_sentences', async () => {
    const expired = server.mintAccessTokenForUser(ada, { expiresInSeconds: -60 });
    for (const [token, code, message] of [
      [undefined, 'UNAUTHENTICATED', 'Authentication token required'],
      [expired, 'TOKEN_EXPIRED', 'Token expired'],
      ['not.a.token', 'UNAUTHENTICATED', 'Authentication failed'],
    ]) {
      const connection = await openWireToServer(server);
      const error = await connection.expectErrorAfter(writeFrame('CONNECT', { 'accept-version': '1.2', ...(token ? { token } : {}) }));
      assert.deepEqual([error.code, error.headers.message, error.json], [1002, message, { code, message }]);
    }
  });

  test('should_come_in_time', async () => {
    const connection = await openWireToServer(server);
    connection.send('\n');
    const error = await settleBeforeGivenDeadline(connection.closed.then(() => connection.frames()), () => 'it is still open', 30_000);
    assert.equal(error.at(-1).headers.message, 'No CONNECT came in time');
  });

  test('should_bound_what_strangers_send', async () => {
    const connection = await openWireToServer(server);
    connection.send('x'.repeat(32 * 1024 + 1));
    const code = await settleBeforeGivenDeadline(connection.closed, () => 'it is still open');
    assert.equal(code, 1009);
    const [error] = connection.frames();
    assert.equal(JSON.parse(error.body).code, 'PAYLOAD_TOO_LARGE');
  });
});

describe('Destinations', () => {
  test('should_refuse_to_let_hear_what_is_not_open', async () => {
    for (const [destination, code] of [
      ['/topic/*', 'FORBIDDEN'],
      ['/topic/#', 'FORBIDDEN'],
      ['/topic/>', 'FORBIDDEN'],
      ['/queue/notifications', 'FORBIDDEN'],
      [`/user/${bob.id}/queue/notifications`, 'FORBIDDEN'],
      ['/exchange/amq.topic/incidents', 'FORBIDDEN'],
      ['/amq/queue/incidents', 'FORBIDDEN'],
      ['/temp-queue/mine', 'FORBIDDEN'],
      ['/app/room.join', 'FORBIDDEN'],
      ['/topic/escalations', 'FORBIDDEN'],
      [`/topic/incident/${NO_SUCH_ID}`, 'NOT_FOUND'],
      [`/app/incident/${NO_SUCH_ID}/viewers`, 'NOT_FOUND'],
      ['/topic/incident/17', 'VALIDATION_ERROR'],
      ['/topic/incident/', 'VALIDATION_ERROR'],
    ]) {
      const connection = await openWireAsUser(server, ada);
      const error = await connection.expectErrorAfter(subscribe(1, destination, { receipt: 'r' }));
      assert.deepEqual([error.json.code, error.headers['receipt-id'], error.code], [code, 'r', 1002], destination);
    }
  });

  test('should_let_nobody_say_anything_to_others', async () => {
    await expectNobodyElseToHear(async () => {
      for (const destination of ['/topic/incidents', '/topic/presence', '/user/queue/notifications', `/user/${bob.id}/queue/notifications`, '/app/room:join', '/app/', '/queue/x']) {
        const connection = await openWireAsUser(server, ada);
        const error = await connection.expectErrorAfter(send(destination, { receipt: 'r' }, '{"incident":{}}'));
        assert.deepEqual([error.json.code, error.headers['receipt-id']], ['FORBIDDEN', 'r'], destination);
      }
    });
  });

  test('should_refuse_a_second_subscription_of_the_same_id_and_one_that_is_not_there', async () => {
    let connection = await openWireAsUser(server, ada);
    let error = await connection.expectErrorAfter(subscribe(1, '/topic/incidents'), subscribe(1, '/topic/presence'));
    assert.equal(error.json.code, 'VALIDATION_ERROR');
    connection = await openWireAsUser(server, ada);
    error = await connection.expectErrorAfter(writeFrame('UNSUBSCRIBE', { id: 1 }));
    assert.equal(error.json.code, 'NOT_FOUND');
    connection = await openWireAsUser(server, ada);
    error = await connection.expectErrorAfter(writeFrame('ACK', { id: '1-1' }));
    assert.equal(error.json.code, 'NOT_FOUND');
  });
});

describe('Failures of what is sent', () => {
  const BAD = send('/app/room.join', { 'correlation-id': 'c' }, '{"room":"dungeon"}');
  const BAD_WITH_RECEIPT = send('/app/room.join', { 'correlation-id': 'c', receipt: 'r' }, '{"room":"dungeon"}');

  test('should_be_told_to_whoever_listens_and_close_nothing', async () => {
    const connection = await openWireAsUser(server, ada);
    connection.send(subscribe(1, '/user/queue/errors'), BAD_WITH_RECEIPT, send('/app/room.join', {}, 'no JSON'), send('/app/room.join', {}, ''));
    await waitUntilConditionHolds('three failures are told', () => connection.messages('1').length === 3);
    const [first, ...others] = connection.messages('1');
    const { event, code, 'correlation-id': correlation, 'receipt-id': receipt } = first.headers;
    assert.deepEqual([event, code, correlation, receipt, JSON.parse(first.body).code], ['error', 'FORBIDDEN', 'c', 'r', 'FORBIDDEN']);
    for (const { headers, body } of others) assert.deepEqual([headers.code, JSON.parse(body).code], ['VALIDATION_ERROR', 'VALIDATION_ERROR']);
    await connection.sendWithReceipt('SEND', { destination: '/app/room.join' }, '{"room":"incidents"}');
    assert.equal(connection.frames().some(({ headers }) => headers['receipt-id'] === 'r' && headers.event !== 'error'), false, 'no receipt of what failed');
  });

  test('should_end_the_connection_of_who_asked_for_a_receipt_and_does_not_listen', async () => {
    const connection = await openWireAsUser(server, ada);
    const error = await connection.expectErrorAfter(BAD_WITH_RECEIPT);
    assert.deepEqual([error.json.code, error.headers['receipt-id'], error.code], ['FORBIDDEN', 'r', 1002]);
  });

  test('should_be_dropped_and_counted_otherwise', async () => {
    const countRefused = async () => {
      const metrics = await (await fetch(`${server.url}/metrics`)).text();
      return Number(/^owlpost_client_events_refused_total(?:\{[^}]*\})? (\d+)/m.exec(metrics)?.[1] ?? 0);
    };
    const before = await countRefused();
    const connection = await openWireAsUser(server, ada);
    connection.send(BAD);
    await connection.sendWithReceipt('SUBSCRIBE', { id: 1, destination: '/topic/incidents' });
    assert.ok((await countRefused()) > before);
  });
});

describe('Bounds', () => {
  test('should_take_frames_of_64_kb_answer_larger_ones_and_end_beyond', async () => {
    const connection = await openWireAsUser(server, ada);
    const callOfBytes = (bytes, receipt) => {
      const head = `SEND\ndestination:/app/room.join\nreceipt:${receipt}\n\n{"room":"incidents","padding":"`;
      return `${head}${'x'.repeat(bytes - head.length - 3)}"}\0`;
    };
    connection.send(subscribe(1, '/user/queue/errors'), callOfBytes(FRAME_BYTES, 'fits'), callOfBytes(FRAME_BYTES + 1, 'large'), callOfBytes(2 * FRAME_BYTES, 'largest'));
    await connection.waitForFrame('RECEIPT', ({ headers }) => headers['receipt-id'] === 'fits');
    await waitUntilConditionHolds('both are refused', () => connection.messages('1').length === 2);
    for (const { headers } of connection.messages('1')) assert.equal(headers.code, 'PAYLOAD_TOO_LARGE');
    const error = await connection.expectErrorAfter(callOfBytes(2 * FRAME_BYTES + 1, 'x'));
    assert.deepEqual([error.json.code, error.code], ['PAYLOAD_TOO_LARGE', 1009]);
    // In pieces, as clients split it, it is the frame that is too large.
    const inPieces = await openWireAsUser(server, ada);
    const megabyte = callOfBytes(1024 * 1024, 'x');
    for (let at = 0; at < 20; at += 1) inPieces.send(megabyte.slice(at * 8192, (at + 1) * 8192));
    const late = await inPieces.expectErrorAfter();
    assert.deepEqual([late.json.code, late.code], ['PAYLOAD_TOO_LARGE', 1002]);
  });

  test('should_take_32_subscriptions_and_not_one_more', async () => {
    const connection = await openWireAsUser(server, ada);
    for (let n = 0; n < 32; n += 1) await connection.sendWithReceipt('SUBSCRIBE', { id: n, destination: n % 2 ? '/topic/presence' : '/topic/incidents' });
    const incident = await createIncidentAsUser(server, bob);
    await waitUntilConditionHolds('each hears it', () => connection.text.split(`"${incident.id}"`).length - 1 === 16);
    await connection.sendWithReceipt('UNSUBSCRIBE', { id: 31 });
    await connection.sendWithReceipt('SUBSCRIBE', { id: 31, destination: '/topic/presence' });
    const error = await connection.expectErrorAfter(subscribe(32, '/topic/incidents'));
    assert.equal(error.json.code, 'CONFLICT');
    // A thousand, all at once.
    const other = await openWireAsUser(server, ada);
    const flood = Array.from({ length: 1000 }, (_, n) => subscribe(n, '/topic/incidents')).join('');
    assert.ok(['CONFLICT', 'RATE_LIMITED'].includes((await other.expectErrorAfter(flood)).json.code));
  });

  test('should_listen_to_8_incidents_and_not_one_more', async () => {
    const connection = await openWireAsUser(server, ada);
    for (let n = 0; n < 8; n += 1) {
      const { id } = await createIncidentAsUser(server, bob);
      await connection.sendWithReceipt('SUBSCRIBE', { id: n, destination: `/topic/incident/${id}` });
    }
    const { id } = await createIncidentAsUser(server, bob);
    const error = await connection.expectErrorAfter(subscribe(8, `/topic/incident/${id}`));
    assert.equal(error.json.code, 'CONFLICT');
  });

  test('should_begin_8_transactions_and_not_one_more', async () => {
    const connection = await openWireAsUser(server, ada);
    for (let n = 0; n < 8; n += 1) await connection.sendWithReceipt('BEGIN', { transaction: n });
    const error = await connection.expectErrorAfter(writeFrame('BEGIN', { transaction: 'one more' }));
    assert.equal(error.json.message, 'There are as many transactions as may be');
  });

  test('should_answer_rate_limited_over_the_burst_and_end_what_keeps_on', async () => {
    const connection = await openWireAsUser(server, ada);
    await connection.sendWithReceipt('SUBSCRIBE', { id: 1, destination: '/user/queue/errors' });
    const leave = send('/app/room.leave', {}, '{"room":"incidents"}');
    connection.send(leave.repeat(130));
    await waitUntilConditionHolds('some are refused', () => connection.messages('1').length > 0);
    assert.equal(connection.messages('1')[0].headers.code, 'RATE_LIMITED');
    const flood = setInterval(() => connection.socket.readyState === 1 && connection.send(leave.repeat(200)), 10);
    const code = await settleBeforeGivenDeadline(connection.closed, () => 'it goes on', 20_000).finally(() => clearInterval(flood));
    assert.deepEqual([code, JSON.parse(connection.frames().at(-1).body).code], [1008, 'RATE_LIMITED']);
  });

  test('should_have_32_connections_of_a_user_and_say_no_to_one_more', async () => {
    const user = await createUserWithRole(server);
    for (let n = 0; n < 32; n += 1) await openWireAsUser(server, user);
    const connection = await openWireToServer(server);
    const error = await connection.expectErrorAfter(writeFrame('CONNECT', { 'accept-version': '1.2', token: user.token }));
    assert.deepEqual([error.json.code, error.json.message], ['CONFLICT', 'A user may have 32 connections at a time']);
  });

  test('should_take_as_many_connections_as_there_are_places', async () => {
    await runTestWithOwnServer({ env: { MAX_CONNECTIONS: '8' } }, async (own) => {
      const user = await createUserWithRole(own);
      const inside = [];
      const openUntilRefused = async () => {
        for (;;) inside.push(await openWireAsUser(own, user));
      };
      await assert.rejects(openUntilRefused(), /503/);
      assert.ok(inside.length >= 4 && inside.length <= 8, `${inside.length} were let in`);
      inside[0].close();
      await waitUntilConditionHolds('one more is let in', () => openWireToServer(own).then(() => true, () => false));
      closeEveryWireConnection();
    });
  });
});

describe('Signs of life', () => {
  test('should_go_both_ways_as_agreed_and_end_who_is_silent', async () => {
    const connection = await openWireAsUser(server, ada, { headers: { 'heart-beat': '100,100' } });
    assert.equal(connection.connected.headers['heart-beat'], '200,200');
    await waitUntilConditionHolds('the server gives signs of life', () => connection.beats >= 1);
    // 200 ms were agreed on, so 600 ms of silence are too long.
    assert.equal(await settleBeforeGivenDeadline(connection.closed, () => 'it is still open'), 1006);
  });

  test('should_be_wanted_of_nobody_who_does_not_offer_them', async () => {
    const [silent, plain] = [await openWireAsUser(server, ada, { headers: { 'heart-beat': '0,0' } }), await openWireAsUser(server, ada)];
    assert.deepEqual([silent.connected.headers['heart-beat'], plain.connected.headers['heart-beat']], ['200,200', '0,0']);
    const talking = await openWireAsUser(server, ada, { headers: { 'heart-beat': '0,200' } });
    await waitUntilConditionHolds('somebody else is given four', () => talking.beats >= 4);
    assert.deepEqual([silent.beats, plain.beats, silent.socket.readyState, plain.socket.readyState], [0, 0, 1, 1]);
  });
});

describe('Goodbyes', () => {
  test('should_be_answered_and_followed_by_a_close', async () => {
    const connection = await openWireAsUser(server, ada);
    await connection.sendWithReceipt('DISCONNECT', {});
    connection.send(subscribe(1, '/topic/incidents', { receipt: 'late' }));
    assert.equal(await settleBeforeGivenDeadline(connection.closed, () => 'it is still open'), 1000);
    assert.equal(connection.frames().some(({ headers }) => headers['receipt-id'] === 'late'), false);
  });

  test('should_be_said_with_1001_when_the_server_stops', async () => {
    await runTestWithOwnServer({}, async (own) => {
      const connection = await openWireAsUser(own, await createUserWithRole(own));
      const closed = settleBeforeGivenDeadline(connection.closed, () => 'it is still open');
      await own.stopProcessAndCheckExit();
      assert.equal(await closed, 1001);
      await own.startProcessAndAwaitListening(own.port);
      assert.deepEqual(connection.frames().filter(({ command }) => command === 'ERROR'), []);
    });
  });
});
