// A socket.io-client of any release, with everything it ever received on record.
import assert from 'node:assert/strict';
import { CLIENT_RELEASES, TRANSPORT_MODES } from './clientReleases.mjs';
import { ClientWithRecord } from './clientRecord.mjs';
import { settleBeforeGivenDeadline, waitForRecordedEvent, waitUntilConditionHolds } from './waitForEvent.mjs';

export { closeEveryOpenSocketClient } from './clientRecord.mjs';

/** `data.code` of a `connect_error`, by its message. */
const CODES_OF_REFUSALS = {
  'Authentication token required': 'UNAUTHENTICATED',
  'Token expired': 'TOKEN_EXPIRED',
  'Authentication failed': 'UNAUTHENTICATED',
};
const OUTCOMES_OF_CONNECTING = ['connection:acknowledged', '$connect_error'];

/** A `socket.io-client` in this process. */
export class SocketTestClient extends ClientWithRecord {
  constructor(socket, release) {
    super();
    this.socket = socket;
    this.release = release;
    if (socket.onAny) socket.onAny((name, payload) => this.recordEventOfServer(name, payload));
    else this.recordEventsOfOldClient();
    socket.on('connect', () => this.record('$connect', socket.id));
    socket.on('disconnect', (reason) => this.record('$disconnect', reason));
    socket.on('connect_error', (error) => this.record('$connect_error', error.message, error.data?.code));
  }

  // 2.x has no onAny, and hands a refused CONNECT to `error` listeners, where the event `error` arrives too.
  recordEventsOfOldClient() {
    const { socket } = this;
    const deliver = socket.onevent;
    socket.onevent = (packet) => {
      this.recordEventOfServer(packet.data[0], packet.data[1]);
      deliver.call(socket, packet);
    };
    socket.on('error', (error) => {
      // The text alone, as from Node's server: there is no room for a code.
      if (typeof error === 'string') this.record('$connect_error', error, CODES_OF_REFUSALS[error]);
    });
  }

  get isConnected() {
    return this.socket.connected;
  }

  get id() {
    return this.socket.id;
  }

  get engine() {
    return this.socket.io.engine;
  }

  get transportName() {
    return this.engine?.transport?.name;
  }

  emit(...args) {
    this.socket.emit(...args);
  }

  /** Emits and resolves with the acknowledgement. */
  emitEventWithAck(event, ...args) {
    const answered = new Promise((resolve) => this.socket.emit(event, ...args, resolve));
    return settleBeforeGivenDeadline(answered, () => `no acknowledgement of ${event} ${JSON.stringify(args)?.slice(0, 200)}`);
  }

  disconnect() {
    this.socket.disconnect();
  }

  close() {
    this.socket.io.reconnection?.(false);
    this.socket.disconnect();
    this.engine?.close();
  }
}

/**
 * Opens a client without waiting. Options: `release` and `mode` (keys of CLIENT_RELEASES and TRANSPORT_MODES),
 * `auth` and `query` (laid over the token), `tokenBy` (`auth`, `query`, `header` or `none`), `headers`,
 * `url` (when not the server's own), `client` (options for the client itself, such as `reconnection`),
 * `foreign` (a `ForeignClients` that shall open it, with its own program, or `HubClients`, of another protocol).
 */
export function openSocketTestClient(server, token, options = {}) {
  if (options.foreign) return options.foreign.openClientWithToken(server, token, options);
  const release = CLIENT_RELEASES[options.release ?? 'current'];
  const { transports } = TRANSPORT_MODES[options.mode ?? 'websocket'];
  const tokenBy = options.tokenBy ?? (release.hasAuthPayload ? 'auth' : 'query');
  const headers = { ...(tokenBy === 'header' ? { Authorization: `Bearer ${token}` } : {}), ...options.headers };
  const auth = { ...(tokenBy === 'auth' && token !== undefined ? { token } : {}), ...options.auth };
  const query = { ...(tokenBy === 'query' && token !== undefined ? { token } : {}), ...options.query };
  const socket = release.io(options.url ?? server.url, {
    path: release.path,
    transports,
    forceNew: true,
    reconnection: true,
    reconnectionDelay: 20,
    reconnectionDelayMax: 200,
    extraHeaders: headers,
    query,
    ...(release.hasAuthPayload ? { auth } : {}),
    ...release.options,
    ...options.client,
  });
  return new SocketTestClient(socket, release);
}

/** Opens a client and resolves when the server has acknowledged it; rejects at the first connect error. */
export async function connectSocketWithToken(server, token, options = {}) {
  const client = openSocketTestClient(server, token, options);
  const { name, payload } = await waitForRecordedEvent(client, OUTCOMES_OF_CONNECTING);
  if (name === '$connect_error') throw new Error(`the server refused the connection: ${payload}`);
  const mode = (options.foreign?.modes ?? TRANSPORT_MODES)[options.mode ?? 'websocket'];
  await waitUntilConditionHolds(
    `the connection ends on ${mode.endsOn}`,
    () => client.isConnected && client.transportName === mode.endsOn,
  );
  return client;
}

/** Connects as a user of `createUserWithRole`. */
export function connectSocketAsUser(server, user, options) {
  return connectSocketWithToken(server, user.token, options);
}

/** Opens a client that must be refused, with the code of its message, and resolves with that message. */
export async function expectConnectionToBeRefused(server, token, options = {}) {
  const client = openSocketTestClient(server, token, { ...options, client: { reconnection: false, ...options.client } });
  const { name, payload, code } = await waitForRecordedEvent(client, OUTCOMES_OF_CONNECTING);
  if (name !== '$connect_error') throw new Error(`the server accepted the connection: ${JSON.stringify(payload)}`);
  if (payload in CODES_OF_REFUSALS) assert.equal(code, CODES_OF_REFUSALS[payload], payload);
  assert.equal(client.payloadsOf('$connect_error').length, 1);
  return payload;
}
