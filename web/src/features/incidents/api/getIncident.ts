import { useQuery, type QueryClient } from '@tanstack/react-query';
import { findIncidentInLists, type IncidentDetail, incidentKeys } from '../../../entities/incident';
import { sendApiRequest } from '../../../lib/http';

function fetchIncidentById(id: string, signal?: AbortSignal) {
  return sendApiRequest<IncidentDetail>({ path: `/api/incidents/${encodeURIComponent(id)}`, signal });
}

/** `dataUpdatedAt` of what a list knew. */
export const NEVER_FETCHED = 0;

/** Shows what a list already knows while the whole answer travels, and for as long as none can be had. */
export function useIncident(id: string, client: QueryClient, enabled: boolean) {
  return useQuery<IncidentDetail>({
    queryKey: incidentKeys.detail(id),
    queryFn: ({ signal }) => fetchIncidentById(id, signal),
    initialData: () => findIncidentInLists(client, id),
    initialDataUpdatedAt: NEVER_FETCHED,
    staleTime: 0,
    enabled,
  });
}

export function fetchFreshIncidentIntoCache(client: QueryClient, id: string): Promise<IncidentDetail> {
  return client.fetchQuery({
    queryKey: incidentKeys.detail(id),
    queryFn: ({ signal }) => fetchIncidentById(id, signal),
    staleTime: 0,
  });
}
