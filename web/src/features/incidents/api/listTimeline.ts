import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { activityKeys } from '../../../entities/activity';
import { rest } from '../../../lib/server';

const PAGE_SIZE = 100;

export function fetchTimelinePage(incidentId: string, before: string | null, signal: AbortSignal) {
  return rest.get('/api/incidents/{id}/timeline', { path: { id: incidentId }, query: { limit: PAGE_SIZE, before }, signal });
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
    queryFn: ({ signal }) => rest.get('/api/incidents/{id}/at', { path: { id: incidentId }, query: { time: time ?? '' }, signal }),
    placeholderData: (before) => before,
    staleTime: Infinity,
    enabled: time !== null,
  });
}
