import { useQuery } from '@tanstack/react-query';
import { presenceKeys, type Viewers } from '../../../entities/presence';
import { sendApiRequest } from '../../../lib/http';

/** Joining the room answers with its people, so this asks nobody unless that answer never came. */
export function useViewers(incidentId: string, roomSettled: boolean) {
  return useQuery({
    queryKey: presenceKeys.viewersOf(incidentId),
    queryFn: ({ signal }) => sendApiRequest<Viewers>({ path: `/api/presence/incident/${incidentId}`, signal }),
    enabled: roomSettled,
  });
}
