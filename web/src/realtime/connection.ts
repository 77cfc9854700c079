import type { QueryClient, QueryFilters } from '@tanstack/react-query';
import { activityKeys, applyReceiptsToCached, type Receipts } from '../entities/activity';
import { presenceKeys } from '../entities/presence';
import type { ConnectionAcknowledged, EventsResumed, User } from '../generated';
import { type DomainEvent, DURABLE_EVENT_NAMES } from '../lib/domainEvents';
import { queryKeys } from '../lib/queryKeys';
import { sessionStore, updateUserOfCurrentSession } from '../lib/session';
import { CacheWriter } from './cacheWriter';
import { highlightChangesOfEvents } from './changeStore';
import { HeardEvents } from './eventLog';
import { EventQueue, type QueuedEvent } from './eventQueue';
import { FEED_ROOM, nameRoomOfIncident } from './events';
import { LinkMonitor } from './linkMonitor';
import { linkStore } from './linkStore';
import { PresenceWriter } from './presenceWriter';
import { replaceUserInCache } from './replaceUser';
import { replayHeardEventsAfterFetches } from './replayAfterFetch';
import { SeenReport } from './seenReport';
import { openSocketToOwnServer, type OwlSocket } from './socket';
import { TokenKeeper } from './tokenKeeper';
import { applyTypingEventToStore, forgetAllTypistsEverywhere, removeTypistFromIncident } from './typingStore';

const RESUME_TIMEOUT_MS = 15_000;
const REFUSED_RETRY_MS = 2_000;

export type DomainEventListener = (event: DomainEvent, meta: { replayed: boolean }) => void;

interface ViewedIncident {
  id: string;
  /** Called once the room is joined, or it is clear that this must wait. */
  onSettled: () => void;
}

/** The one owner of the socket: connects, resumes, renews, and writes what it hears into the query cache. */
export class RealtimeConnection {
  private readonly socket: OwlSocket;
  private readonly heard = new HeardEvents();
  private readonly writer: CacheWriter;
  private readonly presence: PresenceWriter;
  private readonly queue = new EventQueue((events) => this.applyEventsOfFrame(events));
  private readonly tokens = new TokenKeeper((token) => this.authenticateWithNewToken(token));
  private readonly link: LinkMonitor;
  private readonly seen = new SeenReport((notificationIds) => {
    if (!this.socket.connected) return false;
    this.socket.emit('notification:seen', { notificationIds });
    return true;
  });
  private readonly listeners = new Set<DomainEventListener>();
  private viewed: ViewedIncident | null = null;
  /** The token this connection lives by. */
  private usedToken = '';
  private resuming = false;
  private askedFrom: string | null = null;
  private resumeTimer: ReturnType<typeof setTimeout> | null = null;
  private retryTimer: ReturnType<typeof setTimeout> | null = null;
  private stopReplaying: (() => void) | null = null;

  constructor(private readonly client: QueryClient) {
    this.writer = new CacheWriter(client, () => sessionStore.get()?.user ?? null);
    this.presence = new PresenceWriter(client);
    this.socket = openSocketToOwnServer(() => this.describeConnectionToServer());
    this.link = new LinkMonitor(this.socket);
    this.listenToDurableEvents();
    this.listenToPresenceEvents();
    this.listenToConnectionEvents();
  }

  start(): void {
    this.stopReplaying = replayHeardEventsAfterFetches(this.client, this.heard, this.writer);
    this.tokens.start();
    this.link.start();
    this.socket.connect();
  }

  stop(): void {
    this.stopReplaying?.();
    this.tokens.stop();
    this.link.stop();
    if (this.resumeTimer) clearTimeout(this.resumeTimer);
    if (this.retryTimer) clearTimeout(this.retryTimer);
    this.socket.disconnect();
    linkStore.reset();
  }

  /** Tells of every durable event once, after the cache holds it. */
  subscribe(listener: DomainEventListener): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** Enters an incident's room for as long as its page is open; answers how to leave it. */
  viewIncidentWhileOpen(id: string, onSettled: () => void): () => void {
    const viewed = { id, onSettled };
    this.viewed = viewed;
    if (this.socket.connected) this.joinRoomOfViewedIncident();
    else onSettled();
    return () => {
      if (this.socket.connected) this.socket.emit('room:leave', { room: nameRoomOfIncident(id) });
      if (this.viewed === viewed) this.viewed = null;
      this.presence.forgetViewersOfIncident(id);
    };
  }

  sendTypingOfIncident(incidentId: string, isTyping: boolean): void {
    if (this.socket.connected) this.socket.emit(isTyping ? 'typing:start' : 'typing:stop', { incidentId });
  }

  /** Notifications were on the screen of this tab. Told in groups; what cannot be told now is told when the link is back. */
  reportNotificationsAsSeen(ids: readonly string[]): void {
    this.seen.report(ids);
  }

  private describeConnectionToServer() {
    this.askedFrom = this.heard.position;
    const room = [FEED_ROOM];
    if (this.viewed) room.push(nameRoomOfIncident(this.viewed.id));
    this.usedToken = sessionStore.get()?.accessToken ?? '';
    return {
      token: this.usedToken,
      room,
      ...(this.askedFrom === null ? {} : { lastEventId: this.askedFrom }),
    };
  }

  private listenToDurableEvents(): void {
    for (const name of DURABLE_EVENT_NAMES) {
      this.socket.on(name, (payload: DomainEvent['payload']) => {
        const event = { name, payload } as DomainEvent;
        if (!this.heard.recordEventUnlessSeen(event)) return;
        this.queue.push({ event, replayed: this.resuming });
      });
    }
  }

  private listenToPresenceEvents(): void {
    this.socket.on('presence:join', (join) => this.presence.applyJoinToCache(join));
    this.socket.on('presence:leave', (leave) => this.presence.applyLeaveToCache(leave));
    this.socket.on('presence:counts', (counts) => this.presence.applyCountsToCache(counts));
    this.socket.on('presence:typing', applyTypingEventToStore);
    this.socket.on('incident:receipts', (receipts) => {
      this.client.setQueryData<Receipts>(activityKeys.receiptsOf(receipts.incidentId), (data) => data && applyReceiptsToCached(data, receipts));
      this.writer.refetchTimelineOfIncident(receipts.incidentId);
    });
  }

  private listenToConnectionEvents(): void {
    this.socket.on('connection:acknowledged', (ack) => this.beginAfterAcknowledgement(ack));
    this.socket.on('events:resumed', (resumed) => this.finishCatchingUp(resumed));
    this.socket.on('disconnect', (reason) => {
      this.queue.flush();
      this.resuming = false;
      if (this.resumeTimer) clearTimeout(this.resumeTimer);
      forgetAllTypistsEverywhere();
      // The server closed it on purpose, so the client library will not try again by itself: we do.
      if (reason === 'io server disconnect') this.retryWithRenewedToken();
    });
    this.socket.on('connect_error', () => {
      if (!this.socket.active) this.retryWithRenewedToken();
    });
    this.socket.on('error', (error) => {
      if (error.code === 'TOKEN_EXPIRED') void this.tokens.renewTokenNow(this.usedToken);
      else console.warn(`Owl Post: ${error.code}: ${error.message}`);
    });
  }

  private beginAfterAcknowledgement(ack: ConnectionAcknowledged): void {
    updateUserOfCurrentSession(ack.user);
    this.seen.flush();
    this.joinRoomOfViewedIncident();
    void this.refetchQueriesFromNow({ queryKey: presenceKeys.online });
    if (this.askedFrom === null) {
      // What was fetched before the socket was there may lack what happened in between.
      if (ack.lastEventId) this.heard.advancePositionToAtLeast(ack.lastEventId);
      this.refetchEverythingFromServer();
      linkStore.set({ status: 'live', caughtUp: 0 });
      return;
    }
    this.resuming = true;
    linkStore.set({ status: 'catching-up', caughtUp: 0 });
    this.resumeTimer = setTimeout(() => {
      const position = this.heard.position ?? '0';
      this.finishCatchingUp({ from: position, to: position, count: 0, complete: false });
    }, RESUME_TIMEOUT_MS);
  }

  private finishCatchingUp(resumed: EventsResumed): void {
    if (this.resumeTimer) clearTimeout(this.resumeTimer);
    this.queue.flush();
    this.resuming = false;
    if (resumed.to) this.heard.advancePositionToAtLeast(resumed.to);
    if (!resumed.complete) this.refetchEverythingFromServer();
    linkStore.set({ status: 'live', caughtUp: resumed.count, catchUps: linkStore.get().catchUps + 1 });
  }

  private refetchEverythingFromServer(): void {
    void this.refetchQueriesFromNow({ predicate: (query) => query.queryKey[0] !== queryKeys.meta[0] });
  }

  /** Invalidating alone would wait for a first fetch that is under way, whose answer may be older than this moment. */
  private async refetchQueriesFromNow(which: QueryFilters): Promise<void> {
    await this.client.cancelQueries(which);
    await this.client.invalidateQueries(which);
  }

  private joinRoomOfViewedIncident(): void {
    const viewed = this.viewed;
    if (!viewed) return;
    this.socket.timeout(RESUME_TIMEOUT_MS).emit('room:join', { room: nameRoomOfIncident(viewed.id) }, (error, answer) => {
      if (this.viewed !== viewed) return;
      if (!error && answer.ok) this.presence.setViewersOfIncident(viewed.id, answer.users);
      viewed.onSettled();
    });
  }

  private authenticateWithNewToken(token: string): void {
    if (!this.socket.connected) return;
    this.socket.timeout(RESUME_TIMEOUT_MS).emit('authenticate', { token }, (error, answer) => {
      if (error || !answer.ok) this.link.reconnectWithoutDelay();
      else this.usedToken = token;
    });
  }

  private retryWithRenewedToken(): void {
    void this.tokens.renewTokenNow(this.usedToken).then((renewed) => {
      if (this.retryTimer) clearTimeout(this.retryTimer);
      if (!sessionStore.get()) return;
      this.retryTimer = setTimeout(() => this.socket.connect(), renewed ? 0 : REFUSED_RETRY_MS);
    });
  }

  private noteChangeOfUser(user: User): void {
    updateUserOfCurrentSession(user);
    replaceUserInCache(this.client, user);
  }

  private applyEventsOfFrame(events: QueuedEvent[]): void {
    this.writer.applyEventsToAllQueries(events.map(({ event }) => event));
    highlightChangesOfEvents(events.map(({ event }) => event));
    for (const { event } of events) {
      if (event.name === 'user:updated') this.noteChangeOfUser(event.payload.user);
      if (event.name === 'comment:created') {
        removeTypistFromIncident(event.payload.incidentId, event.payload.author.id);
      }
    }
    if (this.resuming) linkStore.set({ caughtUp: linkStore.get().caughtUp + events.length });
    for (const { event, replayed } of events) this.listeners.forEach((listener) => listener(event, { replayed }));
  }
}
