import type { DomainEvent, Incident, User } from '@owlpost/client';
import type { QueryClient, QueryKey } from '@tanstack/react-query';
import { activityKeys } from '../entities/activity';
import { commentKeys, type CommentPages, reduceCommentPagesWithEvent } from '../entities/comment';
import {
  type IncidentDetail,
  type IncidentFilters,
  applyEventToIncident,
  findIncidentInCache,
  incidentKeys,
  type IncidentPages,
  reduceIncidentPagesWithEvent,
} from '../entities/incident';
import { notificationKeys, type NotificationPages, reduceNotificationPagesWithEvent } from '../entities/notification';
import { readSubjectOfEvent } from '../lib/eventSubject';

const REFETCH_DELAY_MS = 400;

type FindIncident = (id: string) => Incident | undefined;

function hasPrefixOfKey(key: QueryKey, prefix: readonly string[]): boolean {
  return prefix.every((part, at) => key[at] === part);
}

/** Writes durable events into every query they concern. Applying one twice changes nothing. */
export class CacheWriter {
  private readonly toRefetch = new Map<string, QueryKey>();
  private refetchTimer: ReturnType<typeof setTimeout> | null = null;

  constructor(
    private readonly client: QueryClient,
    private readonly readMe: () => User | null,
  ) {}

  /** Reduces the events of a frame for each query first, and writes each query once: a burst must not write every list every time. */
  applyEventsToAllQueries(events: readonly DomainEvent[]): void {
    const queries = this.client.getQueryCache().getAll().filter((query) => query.state.data !== undefined);
    const reduced = new Map(queries.map((query) => [query, query.state.data as unknown]));
    /** Incidents as the events before the current one have left them. */
    const changed = new Map<string, Incident>();
    const findKnown = (id: string) => changed.get(id) ?? findIncidentInCache(this.client, id);
    for (const event of events) {
      for (const [query, data] of reduced) reduced.set(query, this.reduceDataWithEvent(query.queryKey, data, event, findKnown));
      const subject = readSubjectOfEvent(event.payload);
      const known = event.name === 'incident:created' ? event.payload.incident : subject && findKnown(subject);
      if (known) changed.set(known.id, applyEventToIncident(known, event));
    }
    for (const [query, data] of reduced) {
      if (data !== query.state.data) this.client.setQueryData(query.queryKey, data);
    }
    for (const event of events) this.refetchStoryOfEvent(event);
  }

  /** What happened to an incident, and whom it reached, only the server tells whole. */
  private refetchStoryOfEvent(event: DomainEvent): void {
    const id = readSubjectOfEvent(event.payload);
    if (!id) return;
    if (event.name.startsWith('incident:')) this.refetchQueryWhenShown(incidentKeys.counts);
    this.refetchTimelineOfIncident(id);
    if (event.name === 'escalation:step' || event.name === 'incident:updated') this.refetchQueryWhenShown(activityKeys.receiptsOf(id));
  }

  refetchTimelineOfIncident(id: string): void {
    this.refetchQueryWhenShown(activityKeys.timelineOf(id));
  }

  private refetchQueryWhenShown(key: QueryKey): void {
    if (this.client.getQueryState(key)) this.refetchQuerySoon(key);
  }

  applyEventToQuery(key: QueryKey, event: DomainEvent): void {
    const data = this.client.getQueryData(key);
    if (data === undefined) return;
    const next = this.reduceDataWithEvent(key, data, event, (id) => findIncidentInCache(this.client, id));
    if (next !== data) this.client.setQueryData(key, next);
  }

  private reduceDataWithEvent(key: QueryKey, data: unknown, event: DomainEvent, findKnownIncident: FindIncident): unknown {
    if (hasPrefixOfKey(key, incidentKeys.lists)) return this.reduceIncidentList(key, data as IncidentPages, event, findKnownIncident);
    if (hasPrefixOfKey(key, incidentKeys.details)) {
      return applyEventToIncident(data as IncidentDetail, event);
    }
    if (hasPrefixOfKey(key, commentKeys.all)) {
      return reduceCommentPagesWithEvent(data as CommentPages, event, String(key[1]));
    }
    if (hasPrefixOfKey(key, notificationKeys.all)) {
      return reduceNotificationPagesWithEvent(data as NotificationPages, event);
    }
    return data;
  }

  private reduceIncidentList(key: QueryKey, data: IncidentPages, event: DomainEvent, findKnownIncident: FindIncident): IncidentPages {
    const me = this.readMe();
    if (!me) return data;
    const filters = (key[2] ?? {}) as IncidentFilters;
    const reduced = reduceIncidentPagesWithEvent(data, event, {
      filters,
      me,
      findKnownIncident,
    });
    if (reduced.unknown) this.refetchQuerySoon(key);
    return reduced.pages;
  }

  /** Many events may ask for the same refetch: one answers them all. */
  private refetchQuerySoon(key: QueryKey): void {
    this.toRefetch.set(JSON.stringify(key), key);
    this.refetchTimer ??= setTimeout(() => {
      this.refetchTimer = null;
      const keys = [...this.toRefetch.values()];
      this.toRefetch.clear();
      for (const queryKey of keys) void this.client.invalidateQueries({ queryKey, exact: true });
    }, REFETCH_DELAY_MS);
  }
}
