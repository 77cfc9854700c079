// The requests of the SignalR transports as they are on the wire, one by one.
import { request } from 'node:http';
import { HUB_PATH } from './hubTestClient.mjs';
import { settleBeforeGivenDeadline } from './waitForEvent.mjs';

/** Ends each message in JSON. */
export const RECORD_SEPARATOR = '\u001e';
/** What a client says first. */
export const JSON_HANDSHAKE = `{"protocol":"json","version":1}${RECORD_SEPARATOR}`;

/** The messages of a text, parsed. */
export function parseMessagesOfText(text) {
  return text.split(RECORD_SEPARATOR).filter((message) => message !== '').map((message) => JSON.parse(message));
}

/**
 * One request to the hub as `token` (undefined for none): `{ status, headers, body }`. Options: `id`, `query`, `path` (behind
 * the hub's), `body`, `headers`.
 */
export async function requestHubWithToken(server, token, method, options = {}) {
  const { id, query = {}, path = '', body, headers = {} } = options;
  const parameters = new URLSearchParams({ ...query, ...(id === undefined ? {} : { id }) }).toString();
  const response = await fetch(`${server.url}${HUB_PATH}${path}${parameters && `?${parameters}`}`, {
    method,
    headers: { ...(token === undefined ? {} : { Authorization: `Bearer ${token}` }), ...headers },
    body,
  });
  return { status: response.status, headers: response.headers, body: await response.text() };
}

/** What `negotiate` answers, parsed, which must be a success. */
export async function negotiateHubConnection(server, token, query = { negotiateVersion: '1' }) {
  const { status, body } = await requestHubWithToken(server, token, 'POST', { path: '/negotiate', query });
  if (status !== 200) throw new Error(`negotiate answered ${status}: ${body}`);
  return JSON.parse(body);
}

/** A polling connection behind its handshake: `{ id, poll, post, remove }`. */
export async function openPollingConnection(server, token, handshake = JSON_HANDSHAKE) {
  const { connectionToken: id } = await negotiateHubConnection(server, token);
  const poll = (options) => requestHubWithToken(server, token, 'GET', { id, ...options });
  const post = (body, options) => requestHubWithToken(server, token, 'POST', { id, body, ...options });
  const remove = () => requestHubWithToken(server, token, 'DELETE', { id });
  const first = await poll();
  if (handshake) await post(handshake);
  return { id, first, poll, post, remove };
}

/** A stream of a connection: `text` grows, `ended` resolves with it. */
export async function openStreamOfConnection(server, token, id) {
  const url = new URL(`${server.url}${HUB_PATH}?id=${id}`);
  const stream = { text: '' };
  const opened = new Promise((resolve, reject) => {
    const asked = request(url, { headers: { Accept: 'text/event-stream', Authorization: `Bearer ${token}` } }, (response) => {
      Object.assign(stream, { status: response.statusCode, headers: response.headers, close: () => asked.destroy() });
      response.setEncoding('utf8').on('data', (text) => {
        stream.text += text;
      });
      stream.ended = new Promise((end) => response.on('close', () => end(stream.text)));
      resolve(stream);
    });
    asked.on('error', reject).end();
  });
  return settleBeforeGivenDeadline(opened, () => 'no answer to a stream');
}

/** The upgrade to a websocket, answered: `{ status, socket }`. */
export function askForWebSocket(server, token, { id, headers = {} } = {}) {
  const url = new URL(`${server.url}${HUB_PATH}${id === undefined ? '' : `?id=${id}`}`);
  const answered = new Promise((resolve, reject) => {
    const asked = request(url, {
      headers: {
        ...(token === undefined ? {} : { Authorization: `Bearer ${token}` }),
        Connection: 'Upgrade',
        Upgrade: 'websocket',
        'Sec-WebSocket-Version': '13',
        'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==',
        ...headers,
      },
    });
    asked.on('upgrade', (response, socket) => resolve({ status: response.statusCode, headers: response.headers, socket }));
    asked.on('response', (response) => {
      response.resume();
      resolve({ status: response.statusCode, headers: response.headers });
    });
    asked.on('error', reject).end();
  });
  return settleBeforeGivenDeadline(answered, () => 'no answer to an upgrade');
}
