import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { activityKeys, type IncidentInPast, type TimelinePage } from '../../../entities/activity';
import { sendApiRequest } from '../../../lib/http';

const PAGE_SIZE = 100;

export function fetchTimelinePage(incidentId: string, before: string | null, signal: AbortSignal) {
  return sendApiRequest<TimelinePage>({ path: `/api/incidents/${incidentId}/timeline`, query: { limit: PAGE_SIZE, before }, signal });
}

/** Everything that happened to an incident, newest first: one request until older pages are asked for. */
export function useTimeline(incidentId: string, enabled: boolean) {
  return useInfiniteQuery({
    queryKey: activityKeys.timelineOf(incidentId),
    queryFn: ({ pageParam, signal }) => fetchTimelinePage(incidentId, pageParam, signal),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.nextBefore,
    staleTime: 0,
    enabled,
  });
}

/** The incident as it was at a moment, which never changes. */
export function useIncidentInPast(incidentId: string, time: string | null) {
  return useQuery({
    queryKey: activityKeys.incidentAt(incidentId, time ?? ''),
    queryFn: ({ signal }) => sendApiRequest<IncidentInPast>({ path: `/api/incidents/${incidentId}/at`, query: { time }, signal }),
    placeholderData: (before) => before,
    staleTime: Infinity,
    enabled: time !== null,
  });
}
