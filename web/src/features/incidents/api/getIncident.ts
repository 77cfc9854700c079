import { useQuery, type QueryClient } from '@tanstack/react-query';
import { fetchIncidentById, findIncidentInLists, type IncidentDetail, incidentKeys } from '../../../entities/incident';

/** Shows what a list already knows while the whole answer travels. */
export function useIncident(id: string, client: QueryClient, enabled: boolean) {
  return useQuery<IncidentDetail>({
    queryKey: incidentKeys.detail(id),
    queryFn: ({ signal }) => fetchIncidentById(id, signal),
    placeholderData: () => findIncidentInLists(client, id),
    staleTime: 0,
    enabled,
  });
}
