// A client of @stomp/stompjs, by websocket or by sockjs-client, with everything it ever received on record, in the words of
// the socket clients: an event is recorded under its own name, and a call is made by the name of the event it stands for. So
// every case that is written for socket.io-client can be played by it.
import { createRequire } from 'node:module';
import { Client, ReconnectionTimeMode, Stomp } from '@stomp/stompjs';
import WebSocket from 'ws';
import { ClientWithRecord } from './clientRecord.mjs';
import { settleBeforeGivenDeadline } from './waitForEvent.mjs';

const SockJS = createRequire(import.meta.url)('sockjs-client');
// stompjs looks for it where browsers have it.
globalThis.WebSocket = WebSocket;

/** Path of the endpoint. */
export const STOMP_PATH = '/ws';

/** The ways a client can connect. `sockjs` is what sockjs-client calls it. */
export const STOMP_MODES = {
  websocket: { endsOn: 'websocket' },
  'sockjs-websocket': { sockjs: 'websocket', endsOn: 'websocket' },
  'sockjs-xhr-streaming': { sockjs: 'xhr-streaming', endsOn: 'xhr-streaming' },
  'sockjs-xhr-polling': { sockjs: 'xhr-polling', endsOn: 'xhr-polling' },
  'sockjs-eventsource': { sockjs: 'eventsource', endsOn: 'eventsource' },
};

const RECONNECT_DELAY_MS = 50;
/** What a client listens to that is to hear what socket clients hear without asking. */
const DESTINATIONS = ['/topic/incidents', '/topic/presence', '/user/queue/notifications', '/user/queue/account', '/user/queue/errors', '/user/queue/replies'];
const DESTINATION_OF_AURORS = '/topic/escalations';

/** `incident:created` as `incident.created`. */
export const spellEventWithDots = (name) => name.replace(':', '.');
const readEventWithDots = (name) => name.replace('.', ':');

function readRoleOfToken(token) {
  try {
    return JSON.parse(Buffer.from(token.split('.')[1], 'base64url')).role;
  } catch {
    return undefined;
  }
}

/** A factory of the sockets a client is to use. Options: `mode`, `url`, `headers`, `query`, `path`. */
export function buildSocketFactory(server, { mode = 'websocket', url = server.url, headers, query, path = STOMP_PATH, protocols } = {}) {
  const search = new URLSearchParams(query ?? {}).toString();
  const address = `${url}${path}${search && `?${search}`}`;
  const { sockjs } = STOMP_MODES[mode];
  if (sockjs) return () => new SockJS(address, null, { transports: [sockjs] });
  return () => new WebSocket(address.replace(/^http/, 'ws'), protocols ?? ['v12.stomp', 'v11.stomp', 'v10.stomp'], { headers });
}

/** A client of stompjs that is not started: for what no socket client does. */
export function buildStompClient(server, token, { connectHeaders, ...options } = {}) {
  const client = new Client({
    webSocketFactory: buildSocketFactory(server, options),
    connectHeaders: { ...(token === undefined ? {} : { Authorization: `Bearer ${token}` }), ...connectHeaders },
    reconnectDelay: options.client?.reconnection === false ? 0 : RECONNECT_DELAY_MS,
    reconnectTimeMode: ReconnectionTimeMode.LINEAR,
    connectionTimeout: 10_000,
  });
  Object.assign(client, options.stomp);
  return client;
}

/** The style of old: `Stomp.over(new SockJS(…))`. */
export function buildClientOfOldStyle(server, options) {
  const client = Stomp.over(buildSocketFactory(server, options));
  client.debug = () => {};
  return client;
}

/** A `@stomp/stompjs` client in this process. */
export class StompTestClient extends ClientWithRecord {
  isConnected = false;
  correlations = 0;
  waiting = new Map();
  rooms = new Map();
  seen = new Set();

  constructor(server, token, options) {
    super();
    this.token = token;
    this.client = buildStompClient(server, token, options);
    this.client.beforeConnect = () => this.resumeWhereItLeftOff(options);
    this.client.onConnect = (frame) => this.subscribeToEverything(frame.headers);
    this.client.onStompError = (frame) => this.recordErrorOfServer(frame);
    this.client.onWebSocketClose = (event) => this.recordEndOfConnection(event);
    this.client.activate();
  }

  resumeWhereItLeftOff({ auth, resumes }) {
    const last = (resumes && this.lastEventId) || auth?.lastEventId;
    if (last) this.client.connectHeaders['last-event-id'] = last;
  }

  subscribeToEverything(headers) {
    this.seen.clear();
    this.id = headers.session;
    this.webSocket = this.client.webSocket;
    const destinations = [...DESTINATIONS, ...(readRoleOfToken(this.token) === 'AUROR' ? [DESTINATION_OF_AURORS] : [])];
    for (const destination of destinations) this.subscribeToDestination(destination);
    for (const id of this.rooms.keys()) this.rooms.set(id, this.subscribeToDestination(`/topic/incident/${id}`));
    // Frames are worked on in order: once this is answered, the others are done.
    this.askForReceipt({ destination: '/topic/presence', id: 'fence' }).then(() => {
      this.isConnected = true;
      this.record('$connect', this.id);
      const user = { id: headers['user-id'], email: headers['user-name'] };
      this.record('connection:acknowledged', { socketId: this.id, user, lastEventId: headers['last-event-id'] });
    });
  }

  subscribeToDestination(destination, headers = {}) {
    return this.client.subscribe(destination, (message) => this.recordMessageOfServer(message), headers);
  }

  /** Subscribes once more, to what is heard already, and unsubscribes with a receipt. */
  async askForReceipt({ destination, id }) {
    const receipt = `receipt-${(this.correlations += 1)}`;
    const answered = new Promise((resolve) => this.client.watchForReceipt(receipt, resolve));
    this.client.subscribe(destination, () => {}, { id, receipt });
    await answered;
    if (this.client.connected) this.client.unsubscribe(id);
  }

  recordMessageOfServer({ headers, body }) {
    const name = readEventWithDots(headers.event);
    const payload = JSON.parse(body);
    const settle = this.waiting.get(headers['correlation-id']);
    if (settle) return settle(name === 'error' ? { ok: false, error: payload } : { ok: true, ...payload });
    const eventId = headers['event-id'];
    if (eventId) this.lastEventId = eventId;
    // What belongs to two destinations is heard at both.
    if (eventId && this.seen.has(eventId)) return this.record('$copy', { eventId, destination: headers.destination });
    if (eventId) this.seen.add(eventId);
    if (name !== 'reply') this.recordEventOfServer(name, payload);
  }

  recordErrorOfServer({ headers, body }) {
    const { code } = body ? JSON.parse(body) : {};
    this.record(this.isConnected ? '$error' : '$connect_error', headers.message, code);
  }

  recordEndOfConnection({ code, reason }) {
    if (this.isConnected) this.record('$disconnect', reason || String(code));
    this.isConnected = false;
  }

  get transportName() {
    return this.webSocket.transport ?? 'websocket';
  }

  emit(event, payload) {
    this.client.publish({ destination: `/app/${spellEventWithDots(event)}`, body: JSON.stringify(payload) });
  }

  /** Calls and resolves with the answer in the form of an acknowledgement; rooms are listened to once they are joined. */
  async emitEventWithAck(event, payload) {
    const answer = await this.sendWithAnswer(`/app/${spellEventWithDots(event)}`, JSON.stringify(payload));
    const [, id] = /^incident:(.*)$/.exec(payload?.room ?? '') ?? [];
    if (!answer.ok || !id) return answer;
    if (event === 'room:join' && !this.rooms.has(id)) {
      const receipt = `receipt-${(this.correlations += 1)}`;
      const done = new Promise((resolve) => this.client.watchForReceipt(receipt, resolve));
      this.rooms.set(id, this.subscribeToDestination(`/topic/incident/${id}`, { receipt }));
      await settleBeforeGivenDeadline(done, () => `no receipt of the subscription to ${id}`);
    }
    if (event === 'room:leave') {
      this.rooms.get(id)?.unsubscribe();
      this.rooms.delete(id);
    }
    return answer;
  }

  sendWithAnswer(destination, body = '', headers = {}) {
    const correlation = `call:${(this.correlations += 1)}`;
    const answered = new Promise((resolve) => this.waiting.set(correlation, resolve));
    this.client.publish({ destination, body, headers: { 'correlation-id': correlation, ...headers } });
    const describe = () => `no answer to ${destination} ${body.slice(0, 200)}`;
    return settleBeforeGivenDeadline(answered, describe).finally(() => this.waiting.delete(correlation));
  }

  disconnect() {
    this.client.deactivate();
  }

  close() {
    this.client.deactivate({ force: true });
  }
}

/** Opens clients of stompjs where a test opens socket clients: its option `foreign`. */
export class StompClients {
  modes = STOMP_MODES;

  /** A websocket answers pings; polls and streams of SockJS prove nothing. */
  provesDelivery(mode) {
    return mode.includes('websocket');
  }
  /** A destination that there is not ends the connection, as STOMP has it. */
  endsOnUnknownCalls = true;

  /** What CONNECTED tells of a user. */
  describeAcknowledgedUser({ id, email }) {
    return { id, email };
  }

  openClientWithToken(server, token, options) {
    return new StompTestClient(server, token, options);
  }
}
