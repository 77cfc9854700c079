// STOMP as it is on the wire, frame by frame, without a client that keeps the rules.
import WebSocket from 'ws';
import { STOMP_PATH } from './stompTestClient.mjs';
import { settleBeforeGivenDeadline, waitUntilConditionHolds } from './waitForEvent.mjs';

/** A frame as bytes of a client: headers are written as they are given. */
export function writeFrame(command, headers = {}, body = '') {
  const lines = Object.entries(headers).map(([name, value]) => `${name}:${value}\n`);
  return `${command}\n${lines.join('')}\n${body}\0`;
}

/** The frames of a server's text, signs of life left out: `{ command, headers, body }`. */
export function parseFramesOfText(text) {
  return text.split('\0').map((frame) => frame.replace(/^\n+/, '')).filter((frame) => frame !== '').map((frame) => {
    const [head, ...rest] = frame.split('\n\n');
    const [command, ...lines] = head.split('\n');
    const headers = Object.fromEntries(lines.map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1)]));
    return { command, headers, body: rest.join('\n\n') };
  });
}

/** A connection without a client: `frames()`, `send(text)`, `closed` with the code, `waitForFrame(command, match)`. */
export class WireConnection {
  received = [];
  beats = 0;

  constructor(url, { protocols = [], headers = {} } = {}) {
    this.socket = new WebSocket(url, protocols, { headers });
    this.socket.on('message', (data) => {
      if (data.length === 1 && data[0] === 10) this.beats += 1;
      this.received.push(data);
    });
    this.closed = new Promise((resolve) => this.socket.on('close', resolve));
    this.opened = new Promise((resolve, reject) => this.socket.on('open', resolve).on('error', reject));
  }

  get text() {
    return Buffer.concat(this.received).toString();
  }

  frames() {
    return parseFramesOfText(this.text);
  }

  send(...frames) {
    for (const frame of frames) this.socket.send(frame);
  }

  async waitForFrame(command, match = () => true) {
    const find = () => this.frames().find((frame) => frame.command === command && match(frame));
    return waitUntilConditionHolds(`a frame ${command} comes; there are ${JSON.stringify(this.frames()).slice(0, 1000)}`, find);
  }

  /** Sends what is to end the connection, and resolves with the ERROR and the code of the close. */
  async expectErrorAfter(...frames) {
    this.send(...frames);
    const code = await settleBeforeGivenDeadline(this.closed, () => `it is not closed: ${JSON.stringify(this.frames())}`);
    const errors = this.frames().filter(({ command }) => command === 'ERROR');
    const last = this.frames().at(-1);
    if (errors.length !== 1 || last?.command !== 'ERROR') throw new Error(`not one ERROR, at the end: ${JSON.stringify(this.frames())}`);
    return { code, ...last, json: JSON.parse(last.body) };
  }

  /** Sends a frame that asks for a receipt, and resolves with it. */
  async sendWithReceipt(command, headers, body) {
    const receipt = `r${(this.receipts = (this.receipts ?? 0) + 1)}`;
    this.send(writeFrame(command, { ...headers, receipt }, body));
    return this.waitForFrame('RECEIPT', (frame) => frame.headers['receipt-id'] === receipt);
  }

  messages(subscription) {
    return this.frames().filter(({ command, headers }) => command === 'MESSAGE' && headers.subscription === subscription);
  }

  close() {
    this.socket.terminate();
  }
}

const open = new Set();

/** Closes every connection opened since the last call. */
export function closeEveryWireConnection() {
  for (const connection of open) connection.close();
  open.clear();
}

/** A websocket at the endpoint of a server, with nothing said yet. */
export async function openWireToServer(server, { path = STOMP_PATH, ...options } = {}) {
  const connection = new WireConnection(`${server.url.replace('http', 'ws')}${path}`, options);
  open.add(connection);
  await settleBeforeGivenDeadline(connection.opened, () => 'no websocket');
  return connection;
}

/** A connection whose client was let in. Options: `version`, `headers` of CONNECT. */
export async function openWireAsUser(server, user, { version = '1.2', headers = {}, ...options } = {}) {
  const connection = await openWireToServer(server, options);
  connection.send(writeFrame('CONNECT', { ...(version ? { 'accept-version': version } : {}), token: user.token, ...headers }));
  connection.connected = await connection.waitForFrame('CONNECTED');
  return connection;
}
