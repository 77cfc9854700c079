import { useQuery, type QueryClient } from '@tanstack/react-query';
import { fetchIncidentById, findIncidentInLists, type IncidentDetail, incidentKeys } from '../../../entities/incident';
import { isPassingFailure } from '../../../lib/apiError';

/** `dataUpdatedAt` of what a list knew. */
export const NEVER_FETCHED = 0;

/** Shows what a list already knows while the whole answer travels, and for as long as none can be had. */
export function useIncident(id: string, client: QueryClient, enabled: boolean) {
  return useQuery<IncidentDetail>({
    queryKey: incidentKeys.detail(id),
    queryFn: ({ signal }) => fetchIncidentById(id, signal),
    // Asked for again while there is nothing. What was refused stays refused, whatever a list brings later.
    initialData: () => {
      const refusal = client.getQueryState(incidentKeys.detail(id))?.error;
      return refusal && !isPassingFailure(refusal) ? undefined : findIncidentInLists(client, id);
    },
    initialDataUpdatedAt: NEVER_FETCHED,
    staleTime: 0,
    enabled,
  });
}
