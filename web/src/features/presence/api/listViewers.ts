import { useQuery } from '@tanstack/react-query';
import { presenceKeys } from '../../../entities/presence';
import { rest } from '../../../lib/server';

/** Joining the room answers with its people, so this asks nobody unless that answer never came. */
export function useViewers(incidentId: string, roomSettled: boolean) {
  return useQuery({
    queryKey: presenceKeys.viewersOf(incidentId),
    queryFn: ({ signal }) => rest.get('/api/presence/incident/{id}', { path: { id: incidentId }, signal }),
    enabled: roomSettled,
  });
}
