import { type DomainEventListener, RealtimeClient, type User } from '@owlpost/client';
import type { QueryClient, QueryFilters } from '@tanstack/react-query';
import { activityKeys, applyReceiptsToCached, type Receipts } from '../entities/activity';
import { presenceKeys } from '../entities/presence';
import { basePath } from '../lib/basePath';
import { queryKeys } from '../lib/queryKeys';
import { credentials } from '../lib/server';
import { sessionStore, updateUserOfCurrentSession } from '../lib/session';
import { CacheWriter } from './cacheWriter';
import { highlightChangesOfEvents } from './changeStore';
import { EventQueue, type QueuedEvent } from './eventQueue';
import { linkStore } from './linkStore';
import { PresenceWriter } from './presenceWriter';
import { RecentEvents } from './recentEvents';
import { replaceUserInCache } from './replaceUser';
import { replayRecentEventsAfterFetches } from './replayAfterFetch';
import { SeenReport } from './seenReport';
import { applyTypingEventToStore, forgetAllTypistsEverywhere, removeTypistFromIncident } from './typingStore';

/** The one owner of the client: writes what it hears into the query cache. */
export class RealtimeConnection {
  private readonly client = new RealtimeClient({ url: basePath, credentials, link: linkStore });
  private readonly recent = new RecentEvents();
  private readonly writer: CacheWriter;
  private readonly presence: PresenceWriter;
  private readonly queue = new EventQueue((events) => this.applyEventsOfFrame(events));
  private readonly seen = new SeenReport((notificationIds) => this.client.tell('notification:seen', { notificationIds }));
  private readonly listeners = new Set<DomainEventListener>();
  private stopReplaying: (() => void) | null = null;

  constructor(private readonly queries: QueryClient) {
    this.writer = new CacheWriter(queries, () => sessionStore.get()?.user ?? null);
    this.presence = new PresenceWriter(queries);
    this.listenToDurableEvents();
    this.listenToPresenceEvents();
    this.listenToConnectionEvents();
  }

  start(): void {
    this.stopReplaying = replayRecentEventsAfterFetches(this.queries, this.recent, this.writer);
    this.client.connect();
  }

  stop(): void {
    this.stopReplaying?.();
    this.client.disconnect();
  }

  /** Tells of every durable event once, after the cache holds it. */
  subscribe(listener: DomainEventListener): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /**
   * Enters an incident's room for as long as its page is open; answers how to leave it. `onSettled` is called once the room is joined, or
   * it is clear that this must wait.
   */
  viewIncidentWhileOpen(id: string, onSettled: () => void): () => void {
    const viewing = this.client.view(id, ({ users }) => this.presence.setViewersOfIncident(id, users));
    if (this.client.connected) viewing.joined.then(onSettled, onSettled);
    else onSettled();
    return () => {
      viewing.leave();
      this.presence.forgetViewersOfIncident(id);
    };
  }

  sendTypingOfIncident(incidentId: string, isTyping: boolean): void {
    this.client.tell(isTyping ? 'typing:start' : 'typing:stop', { incidentId });
  }

  /** Notifications were on the screen of this tab. Told in groups; what cannot be told now is told when the link is back. */
  reportNotificationsAsSeen(ids: readonly string[]): void {
    this.seen.report(ids);
  }

  private listenToDurableEvents(): void {
    this.client.onEvent((event, { replayed }) => {
      this.recent.append(event);
      this.queue.push({ event, replayed });
    });
  }

  private listenToPresenceEvents(): void {
    this.client.on('presence:join', (join) => this.presence.applyJoinToCache(join));
    this.client.on('presence:leave', (leave) => this.presence.applyLeaveToCache(leave));
    this.client.on('presence:counts', (counts) => this.presence.applyCountsToCache(counts));
    this.client.on('presence:typing', applyTypingEventToStore);
    this.client.on('incident:receipts', (receipts) => {
      this.queries.setQueryData<Receipts>(activityKeys.receiptsOf(receipts.incidentId), (data) => data && applyReceiptsToCached(data, receipts));
      this.writer.refetchTimelineOfIncident(receipts.incidentId);
    });
  }

  private listenToConnectionEvents(): void {
    this.client.on('connection:acknowledged', ({ user }) => {
      updateUserOfCurrentSession(user);
      this.seen.flush();
      void this.refetchQueriesFromNow({ queryKey: presenceKeys.online });
    });
    this.client.on('events:resumed', () => this.queue.flush());
    this.client.onRefetch(() => {
      this.queue.flush();
      void this.refetchQueriesFromNow({ predicate: (query) => query.queryKey[0] !== queryKeys.meta[0] });
    });
    this.client.onDisconnect(() => {
      this.queue.flush();
      forgetAllTypistsEverywhere();
    });
    this.client.on('error', ({ code, message }) => {
      if (code !== 'TOKEN_EXPIRED') console.warn(`Owl Post: ${code}: ${message}`);
    });
  }

  /** Invalidating alone would wait for a first fetch that is under way, whose answer may be older than this moment. */
  private async refetchQueriesFromNow(which: QueryFilters): Promise<void> {
    await this.queries.cancelQueries(which);
    await this.queries.invalidateQueries(which);
  }

  private noteChangeOfUser(user: User): void {
    updateUserOfCurrentSession(user);
    replaceUserInCache(this.queries, user);
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
    for (const { event, replayed } of events) this.listeners.forEach((listener) => listener(event, { replayed }));
  }
}
