import { useQuery } from '@tanstack/react-query';
import { incidentKeys } from '../../../entities/incident';
import { rest } from '../../../lib/server';

/** How many stand in each view. Events ask for it again. */
export function useIncidentCounts() {
  return useQuery({
    queryKey: incidentKeys.counts,
    queryFn: ({ signal }) => rest.get('/api/incidents/counts', { signal }),
  });
}
