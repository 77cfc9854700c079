// The requests of the SignalR transports, one by one: who may, what each is answered, and what two at once come to.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  JSON_HANDSHAKE,
  RECORD_SEPARATOR,
  askForWebSocket,
  negotiateHubConnection,
  openPollingConnection,
  openStreamOfConnection,
  parseMessagesOfText,
  requestHubWithToken,
} from './helpers/hubRequests.mjs';
import { HUB_PATH } from './helpers/hubTestClient.mjs';
import { useServerForTestFile } from './helpers/server.mjs';
import { createUserWithRole, createUsersWithRoles } from './helpers/users.mjs';
import { settleBeforeGivenDeadline, waitUntilConditionHolds } from './helpers/waitForEvent.mjs';

const ALLOWED = 'https://castle.example';
let ada, bob;
const server = useServerForTestFile({ env: { SOCKET_IO_CORS_ORIGIN: ALLOWED } }, async () => {
  [ada, bob] = await createUsersWithRoles(server, 'STUDENT', 'STUDENT');
});

/** Each request of the protocol for a connection, by name: `(token, id) => { status, headers, body }`. */
const REQUESTS = {
  poll: (token, id, headers) => requestHubWithToken(server, token, 'GET', { id, headers }),
  stream: (token, id, headers) => requestHubWithToken(server, token, 'GET', { id, headers: { Accept: 'text/event-stream', ...headers } }),
  post: (token, id, headers) => requestHubWithToken(server, token, 'POST', { id, body: JSON_HANDSHAKE, headers }),
  delete: (token, id, headers) => requestHubWithToken(server, token, 'DELETE', { id, headers }),
  websocket: (token, id, headers) => askForWebSocket(server, token, { id, headers }),
};
const EVERY_REQUEST = {
  negotiate: (token, _id, headers) => requestHubWithToken(server, token, 'POST', { path: '/negotiate', headers }),
  ...REQUESTS,
};

describe('Who may', () => {
  for (const [name, send] of Object.entries(EVERY_REQUEST)) {
    test(`should_ask_every_${name}_for_a_good_token`, async () => {
      const { connectionToken } = await negotiateHubConnection(server, ada.token);
      const expired = server.mintAccessTokenForUser(ada, { expiresInSeconds: -60 });
      for (const [token, code, message] of [
        [undefined, 'UNAUTHENTICATED', 'Authentication token required'],
        ['not.a.token', 'UNAUTHENTICATED', 'Authentication failed'],
        [expired, 'TOKEN_EXPIRED', 'Token expired'],
      ]) {
        const { status, headers, body } = await send(token, connectionToken);
        assert.equal(status, 401);
        assert.equal(headers.get?.('www-authenticate') ?? headers['www-authenticate'], 'Bearer');
        if (body !== undefined) assert.deepEqual(JSON.parse(body), { error: { code, message } });
      }
    });

    test(`should_refuse_${name}_to_pages_of_other_origins`, async () => {
      const { connectionToken } = await negotiateHubConnection(server, ada.token);
      for (const Origin of ['https://evil.example', 'null']) {
        assert.equal((await send(ada.token, connectionToken, { Origin })).status, 403);
      }
    });
  }

  for (const [name, send] of Object.entries(REQUESTS)) {
    test(`should_tell_others_by_${name}_that_there_is_no_such_connection`, async () => {
      const { connectionToken, connectionId } = await negotiateHubConnection(server, ada.token);
      for (const [token, id] of [[bob.token, connectionToken], [ada.token, connectionId], [ada.token, 'x'], [ada.token, '']]) {
        assert.equal((await send(token, id)).status, 404, `${name} ${id}`);
      }
      if (name !== 'websocket') assert.equal((await send(ada.token, undefined)).status, 400);
    });
  }

  test('should_find_the_token_in_the_query_where_browsers_have_to_put_it', async () => {
    for (const name of ['access_token', 'token']) {
      const { status } = await requestHubWithToken(server, undefined, 'POST', { path: '/negotiate', query: { [name]: ada.token } });
      assert.equal(status, 200);
    }
  });

  test('should_renew_a_session_by_the_newer_token_of_any_request', async () => {
    const mint = (expiresInSeconds) => server.mintAccessTokenForUser(ada, { expiresInSeconds });
    const { id, poll, post } = await openPollingConnection(server, mint(60));
    const answerTo = async (invocationId, token) => {
      await post(JSON.stringify({ type: 1, invocationId, target: 'Authenticate', arguments: [token] }) + RECORD_SEPARATOR);
      for (;;) {
        const answer = parseMessagesOfText((await poll()).body).find((message) => message.invocationId === invocationId);
        if (answer) return answer;
      }
    };
    assert.ok((await answerTo('1', mint(300))).result.expiresAt > 0);
    // As a poll or a post, whichever comes next.
    assert.equal((await requestHubWithToken(server, mint(900), 'POST', { id, body: '' })).status, 200);
    assert.match((await answerTo('2', mint(600))).error, /HubException: CONFLICT: This token expires before the current one/);
  });

  test('should_let_allowed_pages_read_what_they_are_answered', async () => {
    const headers = { Origin: ALLOWED };
    const answer = await requestHubWithToken(server, ada.token, 'POST', { path: '/negotiate', headers });
    assert.equal(answer.headers.get('access-control-allow-origin'), ALLOWED);
    assert.equal(answer.headers.get('access-control-allow-credentials'), 'true');
    for (const method of ['GET', 'POST', 'DELETE']) {
      const asked = { ...headers, 'Access-Control-Request-Method': method, 'Access-Control-Request-Headers': 'authorization,x-requested-with,x-signalr-user-agent' };
      const preflight = await fetch(`${server.url}${HUB_PATH}`, { method: 'OPTIONS', headers: asked });
      assert.equal(preflight.status, 200);
      assert.ok(preflight.headers.get('access-control-allow-methods').includes(method));
      for (const name of ['authorization', 'x-requested-with', 'x-signalr-user-agent']) {
        assert.ok(preflight.headers.get('access-control-allow-headers').includes(name), name);
      }
    }
  });
});

describe('Negotiation', () => {
  const ask = (query) => requestHubWithToken(server, ada.token, 'POST', { path: '/negotiate', query });

  test('should_offer_three_transports_and_two_ids', async () => {
    const { headers } = await ask({ negotiateVersion: '1' });
    assert.match(headers.get('content-type'), /^application\/json/);
    assert.ok(Number(headers.get('content-length')) > 0);
    const answer = await negotiateHubConnection(server, ada.token);
    assert.equal(answer.negotiateVersion, 1);
    assert.notEqual(answer.connectionId, answer.connectionToken);
    assert.ok(answer.connectionToken.length >= 22);
    assert.deepEqual(answer.availableTransports, [
      { transport: 'WebSockets', transferFormats: ['Text', 'Binary'] },
      { transport: 'ServerSentEvents', transferFormats: ['Text'] },
      { transport: 'LongPolling', transferFormats: ['Text', 'Binary'] },
    ]);
    assert.deepEqual(Object.keys(answer).sort(), ['availableTransports', 'connectionId', 'connectionToken', 'negotiateVersion']);
  });

  test('should_give_old_clients_one_id', async () => {
    for (const query of [{}, { negotiateVersion: '0' }, { NEGOTIATEVERSION: '0' }]) {
      const answer = await negotiateHubConnection(server, ada.token, query);
      assert.equal(answer.negotiateVersion, 0);
      assert.equal(answer.connectionToken, undefined);
      assert.equal((await requestHubWithToken(server, ada.token, 'GET', { id: answer.connectionId })).status, 200);
    }
    assert.equal((await negotiateHubConnection(server, ada.token, { NegotiateVersion: '7' })).negotiateVersion, 1);
  });

  test('should_tell_what_is_wrong_with_a_version_that_is_none', async () => {
    for (const negotiateVersion of ['-1', 'one', '', '1.5']) {
      const { status, body } = await ask({ negotiateVersion });
      assert.equal(status, 200);
      assert.deepEqual(Object.keys(JSON.parse(body)), ['error']);
    }
  });

  test('should_bound_what_one_user_negotiates_and_does_not_take_up', async () => {
    const user = await createUserWithRole(server, 'STUDENT');
    const negotiate = () => requestHubWithToken(server, user.token, 'POST', { path: '/negotiate' });
    for (let n = 0; n < 64; n += 1) assert.equal((await negotiate()).status, 200);
    const refused = await negotiate();
    assert.deepEqual([refused.status, JSON.parse(refused.body).error.code], [429, 'RATE_LIMITED']);
    // Others are not concerned, and what is not taken up is forgotten.
    assert.equal((await ask({})).status, 200);
    await waitUntilConditionHolds('they are forgotten', async () => (await negotiate()).status === 200, { everyMs: 500, deadlineMs: 40_000 });
  });

  test('should_answer_at_both_addresses_with_and_without_a_slash_and_no_other_method', async () => {
    for (const path of ['/hub/incidents', '/hubs/incidents']) {
      const asked = await fetch(`${server.url}${path}/negotiate`, { method: 'POST', headers: { Authorization: `Bearer ${ada.token}` } });
      assert.equal(asked.status, 200);
      for (const end of ['', '/']) {
        const { status } = await fetch(`${server.url}${path}${end}?id=x`, { headers: { Authorization: `Bearer ${ada.token}` } });
        assert.equal(status, 404);
        for (const method of ['PUT', 'PATCH', 'HEAD']) {
          const refused = await fetch(`${server.url}${path}${end}?id=x`, { method, headers: { Authorization: `Bearer ${ada.token}` } });
          assert.equal(refused.status, 405, `${method} ${path}${end}`);
        }
      }
    }
  });
});

describe('Long polling', () => {
  test('should_answer_the_first_poll_at_once_and_others_with_what_waits', async () => {
    const { first, poll, post } = await openPollingConnection(server, ada.token);
    assert.deepEqual([first.status, first.body], [200, '']);
    const { status, headers, body } = await poll();
    assert.equal(status, 200);
    assert.equal(headers.get('content-type'), 'application/octet-stream');
    assert.match(headers.get('cache-control'), /no-store/);
    assert.ok(body.startsWith(`{}${RECORD_SEPARATOR}`), 'the handshake is answered first');
    const call = { type: 1, invocationId: '7', target: 'JoinRoom', arguments: ['incidents'] };
    assert.deepEqual(await post(JSON.stringify(call) + RECORD_SEPARATOR).then((answer) => [answer.status, answer.body]), [200, '']);
    const messages = [];
    await waitUntilConditionHolds('the call is answered', async () => {
      messages.push(...parseMessagesOfText((await poll()).body));
      return messages.some(({ invocationId }) => invocationId === '7');
    });
    assert.deepEqual(messages.find(({ invocationId }) => invocationId === '7').result, { room: 'incidents', count: 0, users: [] });
  });

  test('should_end_a_poll_that_another_replaces_and_lose_nothing', async () => {
    const { poll, post } = await openPollingConnection(server, ada.token);
    const calls = [];
    const heard = [];
    const hear = async (asked) => {
      const answer = await asked;
      heard.push(...parseMessagesOfText(answer.body).filter(({ type }) => type === 3));
      return answer;
    };
    await waitUntilConditionHolds('a poll waits long enough to be replaced', async () => {
      // Which of them comes first is not for us to say.
      const both = [hear(poll()), hear(poll())];
      const isReplaced = (await Promise.race(both)).status === 204;
      const invocationId = String(calls.length);
      calls.push(invocationId);
      await post(`{"type":1,"invocationId":"${invocationId}","target":"LeaveRoom","arguments":["incidents"]}${RECORD_SEPARATOR}`);
      await Promise.all(both);
      while (heard.length < calls.length) await hear(poll());
      return isReplaced;
    }, { everyMs: 0 });
    assert.deepEqual(heard.map(({ invocationId }) => invocationId), calls);
  });

  test('should_end_by_a_delete_which_ends_the_poll_too', async () => {
    const { poll, post, remove } = await openPollingConnection(server, ada.token);
    await poll();
    const last = (async () => {
      for (;;) {
        const answer = await poll();
        if (answer.status !== 200) return answer.status;
      }
    })();
    assert.equal((await remove()).status, 202);
    assert.ok([204, 404].includes(await last));
    assert.deepEqual([(await poll()).status, (await post('x')).status, (await remove()).status], [404, 404, 404]);
  });

  test('should_end_a_connection_whose_client_says_goodbye_in_a_post', async () => {
    const goodbye = `{"type":7}${RECORD_SEPARATOR}`;
    const { poll, post, remove } = await openPollingConnection(server, ada.token);
    await post(goodbye);
    let answer = await poll();
    while (answer.status === 200) answer = await poll();
    assert.equal(answer.status, 204);
    assert.ok([202, 404].includes((await remove()).status));
    const { connectionToken: id } = await negotiateHubConnection(server, ada.token);
    const stream = await openStreamOfConnection(server, ada.token, id);
    await requestHubWithToken(server, ada.token, 'POST', { id, body: JSON_HANDSHAKE + goodbye });
    await settleBeforeGivenDeadline(stream.ended, () => 'the stream goes on');
  });

  test('should_bound_a_post_and_take_as_much_as_may_be', async () => {
    const { post } = await openPollingConnection(server, ada.token);
    const pings = `{"type":6}${RECORD_SEPARATOR}`.repeat(23_000);
    assert.equal((await post(pings.slice(0, 256_000 - (256_000 % 11)))).status, 200);
    assert.equal((await post('x'.repeat(256_001))).status, 413);
    assert.equal((await post(`{"type":6}${RECORD_SEPARATOR}`)).status, 200, 'the connection lives on');
  });
});

describe('Other transports', () => {
  test('should_stream_with_a_prelude_at_once_and_take_posts', async () => {
    const { connectionToken: id } = await negotiateHubConnection(server, ada.token);
    const stream = await openStreamOfConnection(server, ada.token, id);
    await waitUntilConditionHolds('the prelude has come', () => stream.text === ':\r\n');
    assert.match(stream.headers['content-type'], /^text\/event-stream/);
    assert.deepEqual([stream.headers['content-encoding'], stream.headers['x-accel-buffering']], ['identity', 'no']);
    assert.equal((await requestHubWithToken(server, ada.token, 'POST', { id, body: JSON_HANDSHAKE })).status, 200);
    await waitUntilConditionHolds('the handshake is answered', () => stream.text.startsWith(`:\r\ndata: {}${RECORD_SEPARATOR}\r\n\r\n`));
    assert.equal((await openStreamOfConnection(server, ada.token, id)).status, 409);
    assert.equal((await requestHubWithToken(server, ada.token, 'GET', { id })).status, 400, 'it has another transport');
    assert.equal((await requestHubWithToken(server, ada.token, 'DELETE', { id })).status, 400);
    stream.close();
    await waitUntilConditionHolds('it is over with its stream', async () => (await requestHubWithToken(server, ada.token, 'POST', { id, body: '' })).status === 404);
  });

  test('should_carry_one_websocket_and_nothing_else', async () => {
    const { connectionToken: id } = await negotiateHubConnection(server, ada.token);
    const { status, socket } = await askForWebSocket(server, ada.token, { id });
    assert.equal(status, 101);
    assert.equal((await askForWebSocket(server, ada.token, { id })).status, 409);
    assert.equal((await requestHubWithToken(server, ada.token, 'POST', { id, body: JSON_HANDSHAKE })).status, 405);
    assert.equal((await requestHubWithToken(server, ada.token, 'GET', { id })).status, 400);
    assert.equal((await requestHubWithToken(server, ada.token, 'DELETE', { id })).status, 400);
    socket.destroy();
    await waitUntilConditionHolds('it is over with its websocket', async () => (await requestHubWithToken(server, ada.token, 'GET', { id })).status === 404);
  });

  test('should_refuse_upgrades_that_are_none', async () => {
    for (const headers of [{ Upgrade: 'h2c' }, { 'Sec-WebSocket-Key': 'short' }]) {
      assert.equal((await askForWebSocket(server, ada.token, { headers })).status, 400);
    }
    assert.equal((await askForWebSocket(server, ada.token, { headers: { 'Sec-WebSocket-Version': '12' } })).status, 426);
  });
});
