// A SignalR client of any release, with everything it ever received on record, in the words of the socket clients: an event
// is recorded under its own name, and a method is called by the name of the event it stands for. So every case that is
// written for socket.io-client can be played by it.
import { createRequire } from 'node:module';
import { ClientWithRecord } from './clientRecord.mjs';
import { NAMES_OF_EVENTS } from './publishedDocuments.mjs';
import { settleBeforeGivenDeadline } from './waitForEvent.mjs';

const require = createRequire(import.meta.url);

/** Path of the hub. */
export const HUB_PATH = '/hub/incidents';

/** The releases under test, by name. Those of 2019 negotiate in version 0 and know no automatic reconnect. */
export const HUB_RELEASES = {
  '@microsoft/signalr': {
    signalR: require('@microsoft/signalr'),
    MessagePackHubProtocol: require('@microsoft/signalr-protocol-msgpack').MessagePackHubProtocol,
    reconnects: true,
  },
  '@aspnet/signalr 1.1.4': {
    signalR: require('@aspnet/signalr'),
    MessagePackHubProtocol: require('@aspnet/signalr-protocol-msgpack').MessagePackHubProtocol,
    reconnects: false,
    // All that it tells of an answer is its status.
    refusalText: 'Unauthorized',
  },
};

/** The ways a client can connect: what `HttpTransportType` calls them. */
export const HUB_MODES = {
  websocket: { transport: 1, endsOn: 'WebSockets' },
  sse: { transport: 2, endsOn: 'ServerSentEvents' },
  polling: { transport: 4, endsOn: 'LongPolling' },
};

const METHODS_OF_EVENTS = {
  'incident:acknowledge': 'AcknowledgeIncident',
  'notification:seen': 'MarkNotificationsSeen',
  authenticate: 'Authenticate',
  'room:join': 'JoinRoom',
  'room:leave': 'LeaveRoom',
  'typing:start': 'StartTyping',
  'typing:stop': 'StopTyping',
  'notification:mark_read': 'MarkNotificationRead',
};
const RECONNECT_DELAYS_MS = [0, 50, ...Array(200).fill(100)];
const LOG_NOTHING = { log() {} };

/** `incident:created` as `IncidentCreated`. */
export function spellEventAsTarget(name) {
  return name.split(/[:_]/).map((word) => word[0].toUpperCase() + word.slice(1)).join('');
}

const isSentByServer = (name) => !(name in METHODS_OF_EVENTS);
const EVENTS_OF_TARGETS = Object.fromEntries(
  NAMES_OF_EVENTS.filter(isSentByServer).map((name) => [spellEventAsTarget(name), name]),
);

/** `{ code, message }` of the error of an invocation. */
export function readErrorOfInvocation(text) {
  const thrown = /HubException: ([A-Z_]+): (.*)$/s.exec(text);
  if (thrown) return { code: thrown[1], message: thrown[2] };
  return { code: /^Unknown hub method|non-streaming/.test(text) ? 'VALIDATION_ERROR' : undefined, message: text };
}

/** The message of the server behind the error of a connection that could not be opened. */
function readRefusalOfConnection(error) {
  const body = /\{"error":.*?\}\}/.exec(error.message)?.[0];
  if (!body) return { message: error.message };
  return JSON.parse(body).error;
}

/** A SignalR client in this process. */
export class HubTestClient extends ClientWithRecord {
  isConnected = false;
  isWanted = true;

  constructor(connection, mode, reconnects) {
    super();
    Object.assign(this, { connection, mode, reconnects });
    for (const [target, name] of Object.entries(EVENTS_OF_TARGETS)) {
      connection.on(target, (...args) => {
        this.recordEventOfServer(name, args[0]);
        if (args.length !== 1) this.record('$arguments', args);
      });
    }
    connection.onreconnecting?.((error) => this.recordEndOfConnection(error));
    connection.onreconnected?.(() => this.recordBeginningOfConnection());
    connection.onclose((error) => {
      this.recordEndOfConnection(error);
      if (!this.reconnects && this.isWanted) this.startAndRecordOutcome();
      else this.record('$closed', error?.message);
    });
  }

  recordBeginningOfConnection() {
    this.isConnected = true;
    this.record('$connect', this.id);
  }

  recordEndOfConnection(error) {
    if (this.isConnected) this.record('$disconnect', error?.message);
    this.isConnected = false;
  }

  /** Releases that do not reconnect by themselves try again as their documentation has it: after each close. */
  async startAndRecordOutcome({ tries = 200 } = {}) {
    for (let n = 1; n <= tries && this.isWanted; n += 1) {
      try {
        await this.connection.start();
        return this.recordBeginningOfConnection();
      } catch (error) {
        const { message, code } = readRefusalOfConnection(error);
        if (n === tries || this.records.length === 0) return this.record('$connect_error', message, code);
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    }
  }

  get id() {
    return this.connection.connectionId ?? this.acknowledged?.socketId;
  }

  get transportName() {
    return HUB_MODES[this.mode].endsOn;
  }

  emit(event, payload) {
    this.connection.send(METHODS_OF_EVENTS[event] ?? event, payload).catch(() => {});
  }

  /** Calls and resolves with the answer in the form of an acknowledgement. */
  emitEventWithAck(event, ...args) {
    return this.invokeMethodWithAck(METHODS_OF_EVENTS[event] ?? event, ...args);
  }

  async invokeMethodWithAck(method, ...args) {
    const answered = this.connection.invoke(method, ...args).then(
      (answer) => ({ ok: true, ...answer }),
      (error) => ({ ok: false, error: readErrorOfInvocation(error.message) }),
    );
    return settleBeforeGivenDeadline(answered, () => `no answer to ${method} ${JSON.stringify(args)?.slice(0, 200)}`);
  }

  disconnect() {
    this.isWanted = false;
    // The goodbye of a polling client is a request, and the server may be gone before it.
    this.connection.stop().catch(() => {});
  }

  close() {
    this.disconnect();
  }
}

/** Builds a connection of a release. Options: `mode`, `format`, `query`, `headers`, `url`, `skipNegotiation`, `path`. */
export function buildHubConnection(server, token, release, options) {
  const { signalR, MessagePackHubProtocol, reconnects } = HUB_RELEASES[release];
  const query = new URLSearchParams(options.query ?? {}).toString();
  const url = `${options.url ?? server.url}${options.path ?? HUB_PATH}${query && `?${query}`}`;
  const http = {
    transport: HUB_MODES[options.mode ?? 'websocket'].transport,
    logger: LOG_NOTHING,
    ...(token === undefined ? {} : { accessTokenFactory: () => (typeof token === 'function' ? token() : token) }),
    ...(options.headers ? { headers: options.headers } : {}),
    ...(options.skipNegotiation ? { skipNegotiation: true } : {}),
  };
  let builder = new signalR.HubConnectionBuilder().withUrl(url, http).configureLogging(LOG_NOTHING);
  if (options.format === 'msgpack') builder = builder.withHubProtocol(new MessagePackHubProtocol());
  if (reconnects && options.client?.reconnection !== false) builder = builder.withAutomaticReconnect(RECONNECT_DELAYS_MS);
  return builder.build();
}

/** Opens clients of a release and a format where a test opens socket clients: its option `foreign`. */
export class HubClients {
  modes = HUB_MODES;

  /** Server-sent events have no way back. */
  provesDelivery(mode) {
    return mode !== 'sse';
  }

  constructor(release, format) {
    Object.assign(this, { release, format, refusalText: HUB_RELEASES[release].refusalText });
  }

  openClientWithToken(server, token, options) {
    const connection = buildHubConnection(server, token, this.release, { ...options, format: this.format });
    // What socket clients put into auth travels in the query here.
    const client = new HubTestClient(connection, options.mode ?? 'websocket', HUB_RELEASES[this.release].reconnects);
    client.startAndRecordOutcome();
    return client;
  }
}
