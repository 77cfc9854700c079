// Sessions of SockJS: those of websockets, which are by themselves, and what keeps a session its client's own.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { afterEach, describe, test } from 'node:test';
import WebSocket from 'ws';
import { runTestWithOwnServer, useServerForTestFile } from './helpers/server.mjs';
import { GO_AWAY, openPollingSession, openStreamOfSockjs, requestSockjs } from './helpers/sockjsRequests.mjs';
import { writeFrame } from './helpers/stompFrames.mjs';
import { createUserWithRole } from './helpers/users.mjs';
import { waitUntilConditionHolds } from './helpers/waitForEvent.mjs';

let ada;
const sockets = new Set();
const server = useServerForTestFile({}, async () => {
  ada = await createUserWithRole(server);
});
afterEach(() => {
  for (const socket of sockets) socket.terminate();
  sockets.clear();
});

const newPath = () => `/000/${randomUUID()}`;
const connectFrame = (token = ada.token) => writeFrame('CONNECT', { 'accept-version': '1.2', token });

describe('Websockets', () => {
  const open = (path) => {
    const socket = new WebSocket(`${server.url.replace('http', 'ws')}/ws${path}/websocket`);
    const received = [];
    socket.on('message', (data) => received.push(data.toString()));
    const closed = new Promise((resolve) => socket.on('close', resolve).on('error', resolve));
    sockets.add(socket);
    const waitForCount = (count) => waitUntilConditionHolds(`${count} messages; there are ${received}`, () => received.length >= count);
    return { socket, received, closed, waitForCount };
  };

  test('should_carry_frames_in_messages_and_ignore_empty_ones', async () => {
    const { socket, received, waitForCount } = open(newPath());
    await waitForCount(1);
    for (const message of ['', '[]', JSON.stringify([connectFrame()])]) socket.send(message);
    await waitForCount(2);
    assert.equal(received[0], 'o');
    assert.match(received[1], /^a\["CONNECTED/);
    // One string by itself will do.
    socket.send(JSON.stringify(writeFrame('SUBSCRIBE', { id: 1, destination: '/topic/presence', receipt: 'r' })));
    await waitUntilConditionHolds('the receipt comes', () => received.some((message) => message.includes('receipt-id:r')));
  });

  test('should_be_sessions_of_their_own_whatever_their_names', async () => {
    const path = newPath();
    const two = [open(path), open(path)];
    for (const { socket, waitForCount } of two) {
      await waitForCount(1);
      socket.send(JSON.stringify([connectFrame()]));
      await waitForCount(2);
    }
    two[0].socket.close();
    await two[0].closed;
    two[1].socket.send(JSON.stringify([writeFrame('SUBSCRIBE', { id: 1, destination: '/topic/presence', receipt: 'r' })]));
    await waitUntilConditionHolds('the other goes on', () => two[1].received.some((message) => message.includes('receipt-id:r')));
  });

  test('should_be_closed_over_broken_json_and_behind_the_goodbye', async () => {
    const broken = open(newPath());
    await broken.waitForCount(1);
    broken.socket.send('["a');
    assert.equal(await broken.closed, 1007);
    const ended = open(newPath());
    await ended.waitForCount(1);
    ended.socket.send(JSON.stringify(['NONSENSE\n\n\0']));
    assert.equal(await ended.closed, 1002);
    assert.equal(ended.received.at(-1), GO_AWAY.trim());
  });
});

describe('Sessions of others', () => {
  test('should_mean_nothing_to_another_address', async () => {
    await runTestWithOwnServer({ env: { TRUSTED_PROXIES: '127.0.0.1', RATE_LIMIT_AUTH: '0', RATE_LIMIT_REGISTER: '0' } }, async (own) => {
      const user = await createUserWithRole(own);
      const from = (address) => ({ headers: { 'X-Forwarded-For': address } });
      for (const [home, neighbour, stranger] of [['192.0.2.1', '192.0.2.1', '192.0.2.2'], ['2001:db8:1:2::1', '2001:db8:1:2:ffff::1', '2001:db8:1:3::1']]) {
        const session = openPollingSession(own, from(home));
        await session.poll();
        await session.send(connectFrame(user.token));
        await session.pollUntil('CONNECTED');
        const name = session.path.split('/').at(-1);
        const stolen = openPollingSession(own, { name, ...from(stranger) });
        assert.equal((await stolen.send(writeFrame('DISCONNECT'))).status, 404);
        assert.equal(await stolen.poll(), 'o\n', 'a session of its own');
        const same = openPollingSession(own, { name, ...from(neighbour) });
        assert.equal((await same.send(writeFrame('SUBSCRIBE', { id: 1, destination: '/topic/presence', receipt: 'r' }))).status, 204);
        await session.pollUntil('receipt-id:r');
      }
    });
  });

  test('should_not_be_guessed_for_long', async () => {
    await runTestWithOwnServer({ env: { RATE_LIMIT_AUTH: '20' } }, async (own) => {
      const session = openPollingSession(own);
      await session.poll();
      const guess = async () => (await requestSockjs(own, 'POST', `${newPath()}/xhr_send`, { body: '["x"]' })).status;
      const answers = [];
      for (let n = 0; n < 40; n += 1) answers.push(await guess());
      assert.ok(answers.slice(0, 20).every((status) => status === 404) && answers.slice(-10).every((status) => status === 429), `${answers}`);
      // Whoever knows the name of a session is not held up.
      assert.equal((await session.send('\n')).status, 204);
    });
  });

  test('should_carry_a_cookie_for_load_balancers_if_asked_to', async () => {
    await runTestWithOwnServer({ env: { SOCKJS_COOKIE: 'true' } }, async (own) => {
      const info = await requestSockjs(own, 'GET', '/info');
      assert.deepEqual([JSON.parse(info.body).cookie_needed, info.headers['set-cookie']], [true, undefined]);
      const cookieOf = async (method, transport, headers) => {
        const stream = await openStreamOfSockjs(own, method, `${newPath()}/${transport}`, { headers });
        stream.close();
        return stream.headers['set-cookie']?.[0];
      };
      for (const [method, transport] of [['POST', 'xhr'], ['POST', 'xhr_streaming'], ['GET', 'eventsource']]) {
        assert.equal(await cookieOf(method, transport, {}), 'JSESSIONID=dummy; path=/');
        assert.equal(await cookieOf(method, transport, { Cookie: 'a=b; JSESSIONID=abcdef' }), 'JSESSIONID=abcdef; path=/');
      }
    });
  });
});
