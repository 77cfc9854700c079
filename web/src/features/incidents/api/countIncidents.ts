import { useQuery } from '@tanstack/react-query';
import { incidentKeys } from '../../../entities/incident';
import type { IncidentCounts } from '../../../generated/rest';
import { sendApiRequest } from '../../../lib/http';

/** How many stand in each view. Events ask for it again. */
export function useIncidentCounts() {
  return useQuery({
    queryKey: incidentKeys.counts,
    queryFn: ({ signal }) => sendApiRequest<IncidentCounts>({ path: '/api/incidents/counts', signal }),
  });
}
