import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import type { EscalationReason, Incident, NotificationType, User } from '../../../generated';
import { sendApiRequest } from '../../../lib/http';
import { queryKeys } from '../../../lib/queryKeys';

const PAGE_SIZE = 100;

export type TimelineKind =
  | 'created'
  | 'updated'
  | 'acknowledged'
  | 'resolved'
  | 'commented'
  | 'comment_deleted'
  | 'notified'
  | 'delivered'
  | 'seen'
  | 'read'
  | 'escalated'
  | 'viewed'
  | 'other';

export interface FieldChange {
  field: string;
  from: unknown;
  to: unknown;
}

export interface TimelineEntry {
  id: string;
  kind: TimelineKind;
  at: string;
  until: string | null;
  actor: User | null;
  eventId: string | null;
  changes?: FieldChange[];
  comment?: { id: string; content: string | null; isDeleted: boolean };
  notificationType?: NotificationType;
  people?: User[];
  escalation?: { step: number; reason: EscalationReason; notified: number };
}

export interface TimelinePage {
  entries: TimelineEntry[];
  nextBefore: string | null;
}

export interface IncidentInPast {
  time: string;
  incident: Incident;
  comments: { id: string; content: string | null; author: User; createdAt: string; isDeletedSince: boolean }[];
  commentsCount: number;
  viewers: User[];
}

/** Everything that happened to an incident, newest first: one request until older pages are asked for. */
export function useTimeline(incidentId: string, enabled: boolean) {
  return useInfiniteQuery({
    queryKey: queryKeys.timelineOf(incidentId),
    queryFn: ({ pageParam, signal }) =>
      sendApiRequest<TimelinePage>({
        path: `/api/incidents/${incidentId}/timeline`,
        query: { limit: PAGE_SIZE, before: pageParam },
        signal,
      }),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.nextBefore,
    staleTime: 0,
    enabled,
  });
}

/** The incident as it was at a moment, which never changes. */
export function useIncidentInPast(incidentId: string, time: string | null) {
  return useQuery({
    queryKey: queryKeys.incidentAt(incidentId, time ?? ''),
    queryFn: ({ signal }) => sendApiRequest<IncidentInPast>({ path: `/api/incidents/${incidentId}/at`, query: { time }, signal }),
    placeholderData: (before) => before,
    staleTime: Infinity,
    enabled: time !== null,
  });
}
