import { useQuery } from '@tanstack/react-query';
import type { Viewers } from '../../../lib/cacheTypes';
import { sendApiRequest } from '../../../lib/http';
import { queryKeys } from '../../../lib/queryKeys';

/** Joining the room answers with its people, so this asks nobody unless that answer never came. */
export function useViewers(incidentId: string, roomSettled: boolean) {
  return useQuery({
    queryKey: queryKeys.viewersOf(incidentId),
    queryFn: ({ signal }) => sendApiRequest<Viewers>({ path: `/api/presence/incident/${incidentId}`, signal }),
    enabled: roomSettled,
  });
}
