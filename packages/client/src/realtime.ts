import type { CredentialSource } from './credentials';
import { createNetworkErrorForRequest, createTimeoutErrorForRequest, OwlPostError } from './errors';
import { type DomainEvent, FEED_ROOM, nameRoomOfIncident, type OwlPostCalls, type OwlPostEvents } from './events';
import type { ConnectionAcknowledged, EventsResumed } from './generated';
import { HeardEvents } from './heardEvents';
import { createStoreOfLink, type LinkState, type LinkStore } from './link';
import { LinkMonitor } from './linkMonitor';
import { ListenersByName } from './listeners';
import { type Answer, type AnySocket, type ConnectionAuth, openSocketToServer, type OwlSocket, type SocketSettings } from './socket';
import type { ReadableStore } from './store';
import { TokenKeeper } from './tokenKeeper';
import { type RoomListener, ViewedIncidents, type Viewing } from './viewing';

/** How long a call, or a replay, may take. */
export const CALL_TIMEOUT_MS = 15_000;
const REFUSED_RETRY_MS = 2_000;
/** While catching up, it is told so often how far one is: a burst must not tell hundreds of times. */
const COUNT_EVERY_MS = 100;

// What this client says itself: no server has such names.
const ANY_EVENT = '$event';
const REFETCH = '$refetch';
const DISCONNECT = '$disconnect';

/** Whether an event arrived while catching up: news to the application, not to the world. */
export interface EventMeta {
  replayed: boolean;
}
export type DomainEventListener = (event: DomainEvent, meta: EventMeta) => void;
/**
 * Why what was fetched before may lack events that will not come any more:
 * - `connected`: it is the first connection, and something may have happened since one fetched
 * - `gap`: more was missed than the server replays, or another incident was viewed meanwhile
 */
export type RefetchReason = 'connected' | 'gap';

export interface RealtimeOptions {
  /** Where the server is, with the path it is below, if any; empty for the server of this page. */
  url: string;
  credentials: CredentialSource;
  /** False: changes are heard of the viewed incident alone, and not of all of them. New incidents and one's own notifications always are. */
  feed?: boolean;
  /** Where the state of the link is kept, for who wants to have it before there is a client. */
  link?: LinkStore;
  /** Further options for socket.io-client. */
  socket?: SocketSettings;
}

/** Events once and in order, rooms, calls and tokens over one socket, whatever happens to the line. */
export class RealtimeClient {
  /** How true is what the application shows. */
  readonly link: ReadableStore<LinkState>;
  readonly #state: LinkStore;
  readonly #socket: OwlSocket;
  readonly #heard = new HeardEvents();
  readonly #listeners = new ListenersByName();
  readonly #tokens: TokenKeeper;
  readonly #monitor: LinkMonitor;
  readonly #viewed = new ViewedIncidents({
    enter: (id) => this.call('room:join', { room: nameRoomOfIncident(id) }),
    leave: (id) => this.tell('room:leave', { room: nameRoomOfIncident(id) }),
    reportMissed: () => this.#listeners.tell(REFETCH, 'gap'),
  });
  /** The token this connection lives by. */
  #usedToken = '';
  #userId: string | null = null;
  #running = false;
  #resuming = false;
  #caughtUp = 0;
  #refusals = 0;
  #askedFrom: string | null = null;
  #resumeTimer: ReturnType<typeof setTimeout> | undefined;
  #retryTimer: ReturnType<typeof setTimeout> | undefined;
  #countTimer: ReturnType<typeof setTimeout> | undefined;
  readonly #options: RealtimeOptions;

  constructor(options: RealtimeOptions) {
    this.#options = options;
    this.link = this.#state = options.link ?? createStoreOfLink();
    this.#socket = openSocketToServer(options.url, () => this.#readCredentialsForConnection(), options.socket);
    this.#tokens = new TokenKeeper(options.credentials, (token) => this.#authenticateWithNewToken(token));
    this.#monitor = new LinkMonitor(this.#socket, this.#state);
    this.#listenToServerEvents();
    this.#listenToConnectionEvents();
  }

  /** Connects, and stays connected until `disconnect`. */
  connect(): void {
    if (this.#running) return;
    this.#running = true;
    this.#refusals = 0;
    this.#tokens.start();
    this.#monitor.start();
    this.#socket.connect();
  }

  /** Ends the connection. What was heard is remembered: another `connect` brings what happened meanwhile. */
  disconnect(): void {
    this.#running = false;
    this.#tokens.stop();
    this.#monitor.stop();
    clearTimeout(this.#retryTimer);
    this.#stopCatchingUp();
    this.#socket.disconnect();
    this.#state.reset();
  }

  /** Whether calls can be made at this moment. */
  get connected(): boolean {
    return this.#socket.connected;
  }

  /** Listens to an event of the server. Durable ones come once and in order. Answers how to stop listening. */
  on<N extends keyof OwlPostEvents>(name: N, listener: (payload: OwlPostEvents[N], meta: EventMeta) => void): () => void {
    return this.#listeners.add(name, listener);
  }

  /** Listens to every durable event, once and in order. */
  onEvent(listener: DomainEventListener): () => void {
    return this.#listeners.add(ANY_EVENT, listener);
  }

  /** Tells when to fetch again what is shown: events alone do not bring it up to date. */
  onRefetch(listener: (reason: RefetchReason) => void): () => void {
    return this.#listeners.add(REFETCH, listener);
  }

  /** Tells when a connection is over: who is there and who types is no longer known. */
  onDisconnect(listener: () => void): () => void {
    return this.#listeners.add(DISCONNECT, listener);
  }

  /**
   * Views an incident: enters its room, and enters it again after every reconnection. A connection views one incident at a time, as a
   * person does: viewing another one leaves it, until that is left again.
   */
  view(incidentId: string, onJoined?: RoomListener): Viewing {
    return this.#viewed.view(incidentId, onJoined);
  }

  /** Calls the server and waits for its answer. Fails with an `OwlPostError`: `NETWORK` at once where there is no connection. */
  call<N extends keyof OwlPostCalls>(name: N, request: OwlPostCalls[N]['request'], timeoutMs = CALL_TIMEOUT_MS): Promise<OwlPostCalls[N]['answer']> {
    return new Promise((resolve, reject) => {
      if (!this.#socket.connected) return reject(createNetworkErrorForRequest());
      const tell = (lost: Error | null, answer: Answer<OwlPostCalls[N]['answer']>) => {
        if (lost) reject(this.#socket.connected ? createTimeoutErrorForRequest() : createNetworkErrorForRequest());
        else if (answer.ok) resolve(answer);
        else reject(new OwlPostError(answer.error.code, answer.error.message, 0, answer.error.details));
      };
      // The types of socket.io-client cannot follow a name that is not known yet.
      (this.#socket as AnySocket).timeout(timeoutMs).emit(name, request, tell);
    });
  }

  /** Calls the server without waiting for an answer. False: there is no connection, and nothing was said. */
  tell<N extends keyof OwlPostCalls>(name: N, request: OwlPostCalls[N]['request']): boolean {
    if (this.#socket.connected) (this.#socket as AnySocket).emit(name, request);
    return this.#socket.connected;
  }

  #readCredentialsForConnection(): ConnectionAuth | Promise<ConnectionAuth> {
    const { credentials } = this.#options;
    if (credentials.get()) return this.#describeConnectionToServer();
    return credentials.renew(null).then(() => this.#describeConnectionToServer());
  }

  #describeConnectionToServer(): ConnectionAuth {
    const used = this.#options.credentials.get();
    this.#usedToken = used?.accessToken ?? '';
    this.#forgetPastOfAnotherUser(used?.user?.id);
    this.#askedFrom = this.#heard.position;
    const { incidentId } = this.#viewed;
    const room = this.#options.feed === false ? [] : [FEED_ROOM];
    if (incidentId !== undefined) room.push(nameRoomOfIncident(incidentId));
    return {
      token: this.#usedToken,
      room,
      ...(this.#askedFrom === null ? {} : { lastEventId: this.#askedFrom }),
    };
  }

  /** Other events are owed to somebody else. */
  #forgetPastOfAnotherUser(userId: string | undefined): void {
    if (userId === undefined) return;
    if (this.#userId !== null && this.#userId !== userId) this.#heard.forgetEverythingHeardSoFar();
    this.#userId = userId;
  }

  #listenToServerEvents(): void {
    // Whatever its name: a newer server may have events that this client does not know, and they have their place in the log too.
    this.#socket.onAny((name: string, payload: object) => {
      const { eventId } = payload as { eventId?: unknown };
      const meta: EventMeta = { replayed: this.#resuming };
      if (typeof eventId !== 'string') return this.#listeners.tell(name, payload, meta);
      if (!this.#heard.recordEventUnlessSeen(eventId)) return;
      if (this.#resuming) this.#countEventOfReplay();
      this.#listeners.tell(name, payload, meta);
      this.#listeners.tell(ANY_EVENT, { name, payload }, meta);
    });
  }

  #listenToConnectionEvents(): void {
    this.#socket.on('connection:acknowledged', (ack) => this.#beginAfterAcknowledgement(ack));
    this.#socket.on('events:resumed', (resumed) => this.#finishCatchingUp(resumed));
    this.#socket.on('disconnect', (reason) => {
      this.#listeners.tell(DISCONNECT);
      this.#stopCatchingUp();
      // The server closed it on purpose, so the client library will not try again by itself: we do.
      if (reason === 'io server disconnect') void this.#retryWithRenewedToken(false);
    });
    this.#socket.on('connect_error', (error) => {
      if (this.#socket.active) return;
      const { code } = (error as { data?: { code?: string } }).data ?? {};
      void this.#retryWithRenewedToken(code === 'UNAUTHENTICATED' || code === 'TOKEN_EXPIRED' || code === 'FORBIDDEN');
    });
    this.#socket.on('error', ({ code }) => {
      if (code === 'TOKEN_EXPIRED') void this.#tokens.renewTokenNow(this.#usedToken);
    });
  }

  #beginAfterAcknowledgement(ack: ConnectionAcknowledged): void {
    this.#refusals = 0;
    this.#viewed.enterRoomAgain();
    if (this.#askedFrom === null) {
      // What was fetched before the socket was there may lack what happened in between.
      if (ack.lastEventId) this.#heard.advancePositionToAtLeast(ack.lastEventId);
      this.#listeners.tell(REFETCH, 'connected');
      this.#state.set({ status: 'live', caughtUp: 0 });
      return;
    }
    this.#resuming = true;
    this.#caughtUp = 0;
    this.#state.set({ status: 'catching-up', caughtUp: 0 });
    this.#resumeTimer = setTimeout(() => {
      const position = this.#heard.position ?? '0';
      this.#finishCatchingUp({ from: position, to: position, count: 0, complete: false });
    }, CALL_TIMEOUT_MS);
  }

  #finishCatchingUp(resumed: EventsResumed): void {
    this.#stopCatchingUp();
    if (resumed.to) this.#heard.advancePositionToAtLeast(resumed.to);
    if (!resumed.complete) this.#listeners.tell(REFETCH, 'gap');
    this.#state.set({ status: 'live', caughtUp: resumed.count, catchUps: this.#state.get().catchUps + 1 });
  }

  #stopCatchingUp(): void {
    clearTimeout(this.#resumeTimer);
    clearTimeout(this.#countTimer);
    this.#countTimer = undefined;
    this.#resuming = false;
  }

  #countEventOfReplay(): void {
    this.#caughtUp += 1;
    this.#countTimer ??= setTimeout(() => {
      this.#countTimer = undefined;
      this.#state.set({ caughtUp: this.#caughtUp });
    }, COUNT_EVERY_MS);
  }

  #authenticateWithNewToken(token: string): void {
    if (!this.#socket.connected) return;
    this.call('authenticate', { token }).then(
      () => {
        this.#usedToken = token;
      },
      () => this.#running && this.#monitor.reconnectWithoutDelay(),
    );
  }

  async #retryWithRenewedToken(isRefused: boolean): Promise<void> {
    const { credentials } = this.#options;
    const renewed = await this.#tokens.renewTokenNow(this.#usedToken);
    if (!this.#running) return;
    if (!credentials.canRenew && (isRefused || !credentials.get())) {
      this.disconnect();
      this.#state.set({ status: 'refused' });
      return;
    }
    // A new token that is refused as well is no reason to ask without a pause.
    this.#refusals += 1;
    clearTimeout(this.#retryTimer);
    this.#retryTimer = setTimeout(() => this.#socket.connect(), renewed && this.#refusals === 1 ? 0 : REFUSED_RETRY_MS);
  }
}
