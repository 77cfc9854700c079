// The requests of the SockJS transports as they are on the wire, one by one.
import { randomUUID } from 'node:crypto';
import { request } from 'node:http';
import { STOMP_PATH } from './stompTestClient.mjs';
import { settleBeforeGivenDeadline, waitUntilConditionHolds } from './waitForEvent.mjs';

/** What a request is told whose session the server has ended. */
export const GO_AWAY = 'c[3000,"Go away!"]\n';

/** One request below the endpoint: `{ status, headers, body }`. Options: `headers`, `body`, `localAddress`. */
export function requestSockjs(server, method, path, { headers = {}, body, localAddress } = {}) {
  const answered = new Promise((resolve, reject) => {
    const asked = request(`${server.url}${STOMP_PATH}${path}`, { method, headers, localAddress, agent: false }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (part) => {
        text += part;
      });
      response.on('end', () => resolve({ status: response.statusCode, headers: response.headers, body: text })).on('error', reject);
    });
    asked.on('error', reject).end(body);
  });
  return settleBeforeGivenDeadline(answered, () => `no answer to ${method} ${path}`);
}

/** A request whose answer goes on: `text` grows, `ended` resolves with it, `close()` hangs up. */
export async function openStreamOfSockjs(server, method, path, options = {}) {
  const stream = { text: '' };
  const opened = new Promise((resolve, reject) => {
    const asked = request(`${server.url}${STOMP_PATH}${path}`, { method, agent: false, ...options }, (response) => {
      Object.assign(stream, { status: response.statusCode, headers: response.headers });
      response.setEncoding('utf8').on('data', (text) => {
        stream.text += text;
      });
      stream.ended = new Promise((end) => response.on('close', () => end(stream.text)));
      response.on('error', () => {});
      resolve(stream);
    });
    stream.close = () => asked.destroy();
    asked.on('error', reject).end();
  });
  await settleBeforeGivenDeadline(opened, () => `no answer to ${method} ${path}`);
  stream.waitForText = (text) => waitUntilConditionHolds(`${JSON.stringify(text)} comes; there is ${JSON.stringify(stream.text.slice(-500))}`, () => stream.text.includes(text));
  return stream;
}

/** A poll that waits: what it is answered, and `close()`, which hangs up. */
export function beginPollOfSockjs(server, path) {
  let asked;
  const answered = new Promise((resolve, reject) => {
    asked = request(`${server.url}${STOMP_PATH}${path}/xhr`, { method: 'POST', agent: false }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (part) => {
        text += part;
      });
      response.on('end', () => resolve(text));
    });
    asked.on('error', reject).end();
  });
  answered.catch(() => {});
  return { answered, close: () => asked.destroy(), sent: new Promise((resolve) => asked.on('finish', resolve)) };
}

/** A session that polls: its `path`, `poll()`, `send(...messages)`, and `pollUntil(text)`, which resolves with all it read. */
export function openPollingSession(server, options = {}) {
  const path = `/000/${options.name ?? randomUUID()}`;
  const poll = async (more) => (await requestSockjs(server, 'POST', `${path}/xhr`, { ...options, ...more })).body;
  const send = (...messages) => requestSockjs(server, 'POST', `${path}/xhr_send`, { ...options, body: JSON.stringify(messages) });
  const pollUntil = async (text) => {
    let read = '';
    while (!read.includes(text)) {
      const body = await poll();
      if (body.startsWith('c[')) throw new Error(`the session is over: ${body}`);
      read += body;
    }
    return read;
  };
  return { path, poll, send, pollUntil };
}
