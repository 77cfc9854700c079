// What time does to connections of the hub, with the times as they are: all at once, since each takes its while.
import assert from 'node:assert/strict';
import { request } from 'node:http';
import { test } from 'node:test';
import WebSocket from 'ws';
import { RECORD_SEPARATOR, negotiateHubConnection, openPollingConnection, openStreamOfConnection, parseMessagesOfText, requestHubWithToken } from './helpers/hubRequests.mjs';
import { HUB_PATH } from './helpers/hubTestClient.mjs';
import { useServerForTestFile } from './helpers/server.mjs';
import { createUserWithRole } from './helpers/users.mjs';
import { settleBeforeGivenDeadline, waitUntilConditionHolds } from './helpers/waitForEvent.mjs';

const HANDSHAKE_MS = 15_000;
const DISCONNECT_MS = 15_000;
const BODY_MS = 30_000;
/** How much later than it should something may happen on a busy machine. */
const LATE_MS = 20_000;
const CANCELED = [{ error: 'Handshake was canceled.' }];

let user;
const server = useServerForTestFile({}, async () => {
  user = await createUserWithRole(server, 'STUDENT');
});

/** Fails unless it happens after so long, and not much later. */
async function expectAfterMilliseconds(ms, what, happening) {
  const begun = performance.now();
  const result = await settleBeforeGivenDeadline(happening, () => `${what} did not happen`, ms + LATE_MS);
  assert.ok(performance.now() - begun > ms - 1000, `${what} happened too early`);
  return result;
}

async function waitForHandshakeOverWebSocket() {
  const socket = new WebSocket(`${server.url.replace('http', 'ws')}${HUB_PATH}?token=${user.token}`);
  let text = '';
  socket.on('message', (data) => {
    text += data;
    // A byte now and then is no handshake either.
    socket.send('{');
  });
  socket.on('open', () => socket.send('{'));
  await expectAfterMilliseconds(HANDSHAKE_MS, 'the end of the websocket', new Promise((resolve) => socket.on('close', resolve)));
  assert.deepEqual(parseMessagesOfText(text), CANCELED);
}

async function waitForHandshakeOverStream() {
  const { connectionToken } = await negotiateHubConnection(server, user.token);
  const stream = await openStreamOfConnection(server, user.token, connectionToken);
  const text = await expectAfterMilliseconds(HANDSHAKE_MS, 'the end of the stream', stream.ended);
  assert.ok(text.includes(`data: ${JSON.stringify(CANCELED[0])}${RECORD_SEPARATOR}`), text);
}

async function waitForHandshakeOverPolls() {
  const { poll } = await openPollingConnection(server, user.token, null);
  const answer = await expectAfterMilliseconds(HANDSHAKE_MS, 'the answer to the poll', poll());
  assert.deepEqual(parseMessagesOfText(answer.body), CANCELED);
  assert.equal((await poll()).status, 204);
}

async function pollNoMore() {
  const { post } = await openPollingConnection(server, user.token);
  const isForgotten = async () => (await post('')).status === 404;
  await expectAfterMilliseconds(
    DISCONNECT_MS,
    'the end of a connection without polls',
    waitUntilConditionHolds('it is forgotten', isForgotten, { everyMs: 500, deadlineMs: DISCONNECT_MS + LATE_MS }),
  );
}

async function sendHalfOfBody() {
  const { id, post } = await openPollingConnection(server, user.token);
  const answered = new Promise((resolve, reject) => {
    const headers = { Authorization: `Bearer ${user.token}`, 'Content-Length': '100' };
    const asked = request(`${server.url}${HUB_PATH}?id=${id}`, { method: 'POST', headers }, (response) => resolve(response.statusCode));
    asked.on('error', reject).write('{"type":6');
  });
  const polls = setInterval(() => requestHubWithToken(server, user.token, 'GET', { id }).catch(() => {}), 5000);
  try {
    assert.equal(await expectAfterMilliseconds(BODY_MS, 'the answer to half of a body', answered), 408);
    assert.equal((await post(`{"type":6}${RECORD_SEPARATOR}`)).status, 200, 'the connection lives on');
  } finally {
    clearInterval(polls);
  }
}

test('should_wait_for_slow_clients_as_long_as_it_says_and_no_longer', async () => {
  await Promise.all([waitForHandshakeOverWebSocket(), waitForHandshakeOverStream(), waitForHandshakeOverPolls(), pollNoMore(), sendHalfOfBody()]);
});
