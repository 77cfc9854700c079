import { useInfiniteQuery } from '@tanstack/react-query';
import { type IncidentFilters, incidentKeys, type IncidentPage, readSortOfFilters } from '../../../entities/incident';
import { sendApiRequest } from '../../../lib/http';

const PAGE_SIZE = 30;

function fetchIncidentPageWithFilters(filters: IncidentFilters, before: string | null, signal: AbortSignal) {
  return sendApiRequest<IncidentPage>({
    path: '/api/incidents',
    query: {
      status: filters.status?.join(','),
      severity: filters.severity?.join(','),
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
