import { useInfiniteQuery } from '@tanstack/react-query';
import { type IncidentFilters, incidentKeys, readSortOfFilters } from '../../../entities/incident';
import { rest } from '../../../lib/server';

const PAGE_SIZE = 30;

function fetchIncidentPageWithFilters(filters: IncidentFilters, before: string | null, signal: AbortSignal) {
  return rest.get('/api/incidents', {
    query: {
      status: filters.status,
      severity: filters.severity,
      assignee: filters.assignee,
      q: filters.q,
      sort: readSortOfFilters(filters),
      limit: PAGE_SIZE,
      before,
    },
    signal,
  });
}

export function useIncidentList(filters: IncidentFilters) {
  return useInfiniteQuery({
    queryKey: incidentKeys.list(filters),
    queryFn: ({ pageParam, signal }) => fetchIncidentPageWithFilters(filters, pageParam, signal),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.nextBefore,
  });
}
