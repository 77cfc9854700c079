// SockJS on the wire: each rule of its protocol, one by one.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { connect } from 'node:net';
import { afterEach, describe, test } from 'node:test';
import WebSocket from 'ws';
import { useServerForTestFile } from './helpers/server.mjs';
import { GO_AWAY, beginPollOfSockjs, openPollingSession, openStreamOfSockjs, requestSockjs } from './helpers/sockjsRequests.mjs';
import { writeFrame } from './helpers/stompFrames.mjs';
import { createUserWithRole } from './helpers/users.mjs';
import { settleBeforeGivenDeadline, waitUntilConditionHolds } from './helpers/waitForEvent.mjs';

const ALLOWED = 'https://castle.example';
const INTERRUPTED = 'c[1002,"Connection interrupted"]\n';
const ANOTHER_OPEN = 'c[2010,"Another connection still open"]\n';
const PRELUDE = `${'h'.repeat(2048)}\n`;
let ada;
const streams = new Set();
const server = useServerForTestFile({ env: { SOCKET_IO_CORS_ORIGIN: ALLOWED, RATE_LIMIT_AUTH: '0', RATE_LIMIT_REGISTER: '0' } }, async () => {
  ada = await createUserWithRole(server);
});
afterEach(() => {
  for (const stream of streams) stream.close();
  streams.clear();
});

const ask = (method, path, options) => requestSockjs(server, method, path, options);
const newPath = () => `/000/${randomUUID()}`;
async function openStream(path, kind = 'xhr_streaming') {
  const stream = await openStreamOfSockjs(server, kind === 'eventsource' ? 'GET' : 'POST', `${path}/${kind}`);
  streams.add(stream);
  return stream;
}
const connectFrame = (token = ada.token) => writeFrame('CONNECT', { 'accept-version': '1.2', token });

/** An open session behind its CONNECT. */
async function openConnectedSession(options) {
  const session = openPollingSession(server, options);
  assert.equal(await session.poll(), 'o\n');
  assert.equal((await session.send(connectFrame())).status, 204);
  assert.match(await session.pollUntil('CONNECTED'), /^a\["CONNECTED\\n/);
  return session;
}

function assertIsReadByPages(headers, origin) {
  assert.equal(headers['access-control-allow-origin'], origin ?? '*');
  assert.equal(headers['access-control-allow-credentials'], origin ? 'true' : undefined);
}
function assertIsNotCached(headers) {
  assert.equal(headers['cache-control'], 'no-store, no-cache, no-transform, must-revalidate, max-age=0');
  assert.deepEqual([headers.expires, headers['last-modified']], [undefined, undefined]);
}
function assertIsCachedForYear(headers) {
  assert.match(headers['cache-control'], /public.*max-age=31536000/);
  assert.ok(Date.parse(headers.expires) > Date.now() && headers['last-modified'] === undefined);
}

describe('Pages', () => {
  test('should_greet_and_know_nothing_else', async () => {
    for (const path of ['', '/']) {
      const { status, headers, body } = await ask('GET', path);
      assert.deepEqual([status, headers['content-type'], body, headers['set-cookie']], [200, 'text/plain; charset=UTF-8', 'Welcome to SockJS!\n', undefined]);
    }
    for (const path of ['/a', '/a.html', '//', '///', '/a/a', '/a/a/', '/a/', '/a/b/c/d']) assert.equal((await ask('GET', path)).status, 404, path);
  });

  test('should_tell_what_the_server_can_do', async () => {
    const [one, two] = [await ask('GET', '/info', { headers: { Origin: ALLOWED } }), await ask('GET', '/info')];
    const { entropy, ...info } = JSON.parse(one.body);
    assert.deepEqual(info, { websocket: true, cookie_needed: false, origins: ['*:*'] });
    assert.ok(Number.isInteger(entropy) && entropy >= 0 && entropy < 2 ** 32 && entropy !== JSON.parse(two.body).entropy);
    assert.equal(one.headers['content-type'], 'application/json; charset=UTF-8');
    for (const [{ headers }, origin] of [[one, ALLOWED], [two, undefined]]) {
      assertIsNotCached(headers);
      assertIsReadByPages(headers, origin);
    }
    assert.equal((await ask('POST', '/info')).status, 405);
  });

  test('should_serve_the_page_for_iframes_and_what_it_loads', async () => {
    for (const path of ['/iframe.html', '/iframe-a.html', '/iframe-.html', '/iframe-0.1.2abc-dirty.2144.html?t=1']) {
      const { status, headers, body } = await ask('GET', path);
      assert.deepEqual([status, headers['content-type']], [200, 'text/html; charset=UTF-8']);
      assertIsCachedForYear(headers);
      const [, script] = /<script src="([^"]*)"><\/script>/.exec(body);
      const library = await fetch(new URL(script, `${server.url}/stomp${path}`));
      assert.match(await library.text(), /sockjs-client v1/);
      assert.match(body, /SockJS\.bootstrap_iframe\(\);/);
      const again = await ask('GET', path, { headers: { 'If-None-Match': headers.etag } });
      assert.deepEqual([again.status, again.body, again.headers['content-type']], [304, '', undefined]);
    }
    for (const path of ['/iframe.htm', '/iframe', '/IFRAME.HTML', '/iframe.HTML', '/iframe.xml', '/iframe-/.html', '/iframes.html']) {
      assert.equal((await ask('GET', path)).status, 404, path);
    }
  });
});

describe('Pages of other origins', () => {
  for (const [path, methods] of [['/info', 'OPTIONS, GET'], ['/a/a/xhr', 'OPTIONS, POST'], ['/a/a/xhr_send', 'OPTIONS, POST'], ['/a/a/xhr_streaming', 'OPTIONS, POST'], ['/a/a/eventsource', 'OPTIONS, GET']]) {
    test(`should_ask_before_they_ask_${path}`, async () => {
      const preflight = (asked) => ask('OPTIONS', path, { headers: { Origin: ALLOWED, 'Access-Control-Request-Method': 'POST', ...asked } });
      const { status, headers, body } = await preflight({ 'Access-Control-Request-Headers': 'a, b, c' });
      assert.deepEqual([status, body, headers['access-control-allow-methods'], headers['access-control-allow-headers']], [204, '', methods, 'a, b, c']);
      assert.ok(Number(headers['access-control-max-age']) > 1_000_000);
      assertIsCachedForYear(headers);
      assertIsReadByPages(headers, ALLOWED);
      for (const asked of [{ 'Access-Control-Request-Headers': '' }, {}]) assert.equal((await preflight(asked)).headers['access-control-allow-headers'], undefined);
    });
  }

  test('should_be_refused_everything_but_the_greeting_and_the_page_for_iframes', async () => {
    for (const Origin of ['https://evil.example', 'null']) {
      const headers = { Origin };
      for (const [method, path] of [['GET', '/info'], ['OPTIONS', '/info'], ['POST', '/a/a/xhr'], ['OPTIONS', '/a/a/xhr'], ['POST', '/a/a/xhr_send'], ['POST', '/a/a/xhr_streaming'], ['GET', '/a/a/eventsource'], ['GET', '/a/a/websocket'], ['GET', '/websocket']]) {
        const { status, body } = await ask(method, path, { headers });
        assert.deepEqual([status, JSON.parse(body).error.code], [403, 'FORBIDDEN'], `${method} ${path}`);
      }
      for (const path of ['', '/iframe.html']) assert.equal((await ask('GET', path, { headers })).status, 200);
      for (const path of ['/ws', '/ws/websocket', '/ws/a/a/websocket']) {
        const refused = new Promise((resolve) => new WebSocket(`${server.url.replace('http', 'ws')}${path}`, { headers }).on('error', resolve));
        assert.match((await settleBeforeGivenDeadline(refused, () => 'it was let in')).message, /403/);
      }
    }
  });
});

describe('Addresses of sessions', () => {
  test('should_take_any_names_but_empty_ones_and_such_with_dots', async () => {
    for (const path of [`/a/a${randomUUID()}`, `/_/_${randomUUID()}`, `/1/${randomUUID()}`, `/abcdefgh_i-j%20/abcdefg_i-j%20${randomUUID()}`, `/a/${'x'.repeat(92)}${randomUUID()}`]) {
      assert.equal((await ask('POST', `${path}/xhr`)).body, 'o\n', path);
    }
    for (const path of ['//', '/a./a', '/a/a.', '/./.', '/', '///', `/a/${'x'.repeat(93)}${randomUUID()}`]) {
      for (const method of ['GET', 'POST']) assert.equal((await ask(method, `${path}/xhr`)).status, 404, `${method} ${path}`);
    }
    for (const transport of ['htmlfile', 'jsonp', 'jsonp_send', 'XHR', 'xhr_', 'websockets']) {
      for (const method of ['GET', 'POST']) assert.equal((await ask(method, `/a/a/${transport}?c=callback`)).status, 404, transport);
    }
  });

  test('should_have_nothing_to_do_with_the_server_in_them', async () => {
    const session = await openConnectedSession();
    await session.send(writeFrame('SUBSCRIBE', { id: 1, destination: '/topic/presence', receipt: 'r' }));
    const elsewhere = session.path.replace('/000/', '/999/');
    assert.match((await ask('POST', `${elsewhere}/xhr`)).body, /receipt-id:r/);
  });

  test('should_take_the_right_methods_alone', async () => {
    for (const [transport, allowed, wrong] of [['xhr', 'OPTIONS, POST', ['GET', 'PUT', 'DELETE']], ['xhr_streaming', 'OPTIONS, POST', ['GET']], ['xhr_send', 'OPTIONS, POST', ['GET']], ['eventsource', 'OPTIONS, GET', ['POST']], ['websocket', 'GET', ['POST', 'OPTIONS']]]) {
      for (const method of wrong) {
        const { status, headers, body } = await ask(method, `/a/a/${transport}`);
        assert.deepEqual([status, headers.allow, headers['content-type'], body], [405, allowed, undefined, ''], `${method} ${transport}`);
      }
    }
    assert.equal((await ask('GET', '/a/a/websocket')).status, 400);
    const headers = { Upgrade: 'websocket', Connection: 'close' };
    assert.equal((await ask('GET', '/a/a/websocket', { headers })).status, 400);
  });
});

describe('Polling', () => {
  test('should_open_send_and_answer', async () => {
    const session = openPollingSession(server, { headers: { Origin: ALLOWED } });
    const opened = await ask('POST', `${session.path}/xhr`, { headers: { Origin: ALLOWED } });
    assert.deepEqual([opened.status, opened.body, opened.headers['content-type'], opened.headers['set-cookie']], [200, 'o\n', 'application/javascript; charset=UTF-8', undefined]);
    const sent = await session.send(connectFrame());
    assert.deepEqual([sent.status, sent.body, sent.headers['content-type']], [204, '', 'text/plain; charset=UTF-8']);
    for (const { headers } of [opened, sent]) {
      assertIsNotCached(headers);
      assertIsReadByPages(headers, ALLOWED);
    }
    await session.pollUntil('CONNECTED');
    for (const id of [1, 2]) await session.send(writeFrame('SUBSCRIBE', { id, destination: '/user/queue/replies', receipt: `r${id}` }));
    // Those that wait are one frame.
    await waitUntilConditionHolds('both are answered', async () => /receipt-id:r2/.test(await session.poll()));
  });

  test('should_take_any_content_type_and_arrays_of_strings_alone', async () => {
    const session = openPollingSession(server);
    await session.poll();
    const send = (body, type) => ask('POST', `${session.path}/xhr_send`, { body, headers: type === undefined ? {} : { 'Content-Type': type } });
    for (const type of ['text/plain', 'T', 'application/json', 'application/xml', '', 'application/json; charset=utf-8', 'text/xml', undefined]) {
      assert.equal((await send('["\\n"]', type)).status, 204, type);
    }
    for (const [body, answer] of [['["x', 'Broken JSON encoding.'], ['', 'Payload expected.'], ['"x"', 'Broken JSON encoding.'], ['[1]', 'Broken JSON encoding.'], ['{}', 'Broken JSON encoding.'], ['[["x"]]', 'Broken JSON encoding.'], ['["\\ud800"]', 'Broken JSON encoding.']]) {
      const { status, body: said } = await send(body);
      assert.deepEqual([status, said], [500, answer], body);
    }
    // None of it ended the session, and no message is a message.
    assert.equal((await send('[]')).status, 204);
    assert.equal((await session.send(connectFrame())).status, 204);
    await session.pollUntil('CONNECTED');
    assert.equal((await send(`["${' '.repeat(256 * 1024)}"]`)).status, 413);
    assert.equal((await ask('POST', `${newPath()}/xhr_send`, { body: '["x"]' })).status, 404);
  });

  test('should_escape_what_browsers_change', async () => {
    const session = await openConnectedSession();
    const text = '\u200c\u2028\u202f\u2060\u206f\ufff0\uffff ä\u{1f989}';
    await session.send(writeFrame('SUBSCRIBE', { id: 1, destination: '/topic/presence', receipt: text }));
    const raw = await session.pollUntil('RECEIPT');
    assert.ok(raw.includes('\\u200c\\u2028\\u202f\\u2060\\u206f\\ufff0\\uffff ä\u{1f989}'), raw);
    assert.ok(JSON.parse(raw.slice(1))[0].includes(text));
  });

  test('should_tell_a_second_receiver_that_there_is_one', async () => {
    const session = await openConnectedSession();
    const first = beginPollOfSockjs(server, session.path);
    await first.sent;
    await waitUntilConditionHolds('the first waits', async () => (await ask('POST', `${session.path}/xhr`)).body === ANOTHER_OPEN);
    const stream = await openStream(session.path);
    assert.equal(await stream.ended, PRELUDE + ANOTHER_OPEN);
    // The first is none the worse for it.
    await session.send(writeFrame('SUBSCRIBE', { id: 1, destination: '/topic/presence', receipt: 'r' }));
    assert.match(await first.answered, /receipt-id:r/);
  });

  test('should_end_with_a_receiver_that_hangs_up', async () => {
    const session = await openConnectedSession();
    const poll = beginPollOfSockjs(server, session.path);
    await poll.sent;
    await waitUntilConditionHolds('it waits', async () => (await ask('POST', `${session.path}/xhr`)).body === ANOTHER_OPEN);
    poll.close();
    await waitUntilConditionHolds('the session is over', async () => (await session.poll()) === INTERRUPTED);
    assert.equal(await session.poll(), INTERRUPTED);
    assert.equal((await session.send('\n')).status, 404);
  });

  test('should_tell_every_request_that_the_server_ended_it_behind_the_last_words', async () => {
    const session = openPollingSession(server);
    await session.poll();
    await session.send('NONSENSE\n\n\0');
    assert.match(await session.poll(), /^a\["ERROR\\n.*The command is none of STOMP/s);
    for (let n = 0; n < 3; n += 1) assert.equal(await session.poll(), GO_AWAY);
    const stream = await openStream(session.path);
    assert.equal(await stream.ended, PRELUDE + GO_AWAY);
    // It is forgotten after a while, and its name is free.
    await waitUntilConditionHolds('it is forgotten', async () => (await session.poll()) === 'o\n', { deadlineMs: 20_000, everyMs: 200 });
  });

  test('should_be_over_when_nobody_polls_for_five_seconds', async () => {
    const session = await openConnectedSession();
    const gone = async () => (await session.send('\n')).status === 404;
    const startedAt = performance.now();
    await waitUntilConditionHolds('it is over', gone, { deadlineMs: 20_000, everyMs: 100 });
    assert.ok(performance.now() - startedAt > 4000);
  });
});

describe('Streams', () => {
  test('should_begin_with_a_prelude_and_go_on', async () => {
    for (const [kind, type, prelude, wrap] of [
      ['xhr_streaming', 'application/javascript; charset=UTF-8', PRELUDE, (frame) => `${frame}\n`],
      ['eventsource', 'text/event-stream', '\r\n', (frame) => `data: ${frame}\r\n\r\n`],
    ]) {
      const path = newPath();
      const stream = await openStream(path, kind);
      await stream.waitForText(wrap('o'));
      assert.equal(stream.text, prelude + wrap('o'));
      const { headers } = stream;
      assert.deepEqual([stream.status, headers['content-type'], headers['x-accel-buffering'], headers['content-encoding']], [200, type, 'no', 'identity']);
      assertIsNotCached(headers);
      assertIsReadByPages(headers);
      assert.equal((await ask('POST', `${path}/xhr_send`, { body: JSON.stringify([connectFrame()]) })).status, 204);
      await stream.waitForText('CONNECTED');
    }
  });

  test('should_end_when_they_are_long_enough_and_lose_nothing', async () => {
    const path = newPath();
    const send = (...messages) => ask('POST', `${path}/xhr_send`, { body: JSON.stringify(messages) });
    let stream = await openStream(path);
    await send(connectFrame(), writeFrame('SUBSCRIBE', { id: 1, destination: '/user/queue/errors' }));
    const receipt = 'x'.repeat(8000);
    let texts = '';
    const lengths = [];
    for (let n = 0; n < 40; n += 1) {
      await send(writeFrame('SUBSCRIBE', { id: `s${n}`, destination: '/topic/presence', receipt: `${n}:${receipt}`.replace(':', '\\c') }), writeFrame('UNSUBSCRIBE', { id: `s${n}` }));
      const arrived = () => (texts + stream.text).includes(`receipt-id:${n}\\\\c`);
      while (!(await Promise.race([waitUntilConditionHolds(`receipt ${n}`, arrived).then(() => true), stream.ended.then(() => arrived())]))) {
        texts += stream.text;
        lengths.push(stream.text.length);
        stream = await openStream(path);
      }
    }
    assert.equal(lengths.length, 2);
    for (const length of lengths) assert.ok(length >= 128 * 1024 && length < 160 * 1024, `${length} bytes were enough`);
  });

  test('should_end_the_session_of_who_hangs_up', async () => {
    const path = newPath();
    const stream = await openStream(path);
    await stream.waitForText('o\n');
    stream.close();
    const next = async () => {
      const another = await openStream(path);
      await another.waitForText('\n');
      const told = await Promise.race([another.ended, another.waitForText('c[').then(() => another.text)]);
      return told.endsWith(INTERRUPTED);
    };
    await waitUntilConditionHolds('it is told', next);
  });

  test('should_be_closed_behind_the_goodbye', async () => {
    const path = newPath();
    const stream = await openStream(path);
    await ask('POST', `${path}/xhr_send`, { body: JSON.stringify(['NONSENSE\n\n\0']) });
    const text = await settleBeforeGivenDeadline(stream.ended, () => 'it goes on');
    assert.ok(text.endsWith(GO_AWAY) && text.includes('a["ERROR'), text.slice(2048));
  });

  test('should_be_understood_by_http_1_0', async () => {
    const socket = connect(server.port, '127.0.0.1');
    let text = '';
    socket.on('data', (data) => {
      text += data;
    });
    const closed = new Promise((resolve) => socket.on('close', resolve));
    const path = newPath();
    socket.write(`POST /ws${path}/xhr_streaming HTTP/1.0\r\nHost: localhost\r\nConnection: Keep-Alive\r\n\r\n`);
    await waitUntilConditionHolds('it is open', () => text.endsWith('o\n'));
    await ask('POST', `${path}/xhr_send`, { body: JSON.stringify(['NONSENSE\n\n\0']) });
    await settleBeforeGivenDeadline(closed, () => 'it goes on');
    assert.ok(!/transfer-encoding|content-length/i.test(text.split('\r\n\r\n')[0]) && text.endsWith(GO_AWAY));
  });
});
