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
import type { User } from '../generated';
import type { DomainEvent } from '../lib/domainEvents';
import { readSubjectOfEvent } from '../lib/eventSubject';

const REFETCH_DELAY_MS = 400;

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

  applyEventToAllQueries(event: DomainEvent): void {
    for (const query of this.client.getQueryCache().getAll()) {
      if (query.state.data !== undefined) this.applyEventToQuery(query.queryKey, event);
    }
    this.refetchStoryOfEvent(event);
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
    const next = this.reduceDataWithEvent(key, data, event);
    if (next !== data) this.client.setQueryData(key, next);
  }

  private reduceDataWithEvent(key: QueryKey, data: unknown, event: DomainEvent): unknown {
    if (hasPrefixOfKey(key, incidentKeys.lists)) return this.reduceIncidentList(key, data as IncidentPages, event);
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

  private reduceIncidentList(key: QueryKey, data: IncidentPages, event: DomainEvent): IncidentPages {
    const me = this.readMe();
    if (!me) return data;
    const filters = (key[2] ?? {}) as IncidentFilters;
    const reduced = reduceIncidentPagesWithEvent(data, event, {
      filters,
      me,
      findKnownIncident: (id) => findIncidentInCache(this.client, id),
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
