import { useQuery } from '@tanstack/react-query';
import type { EventEntryPage, OutletState } from '../../../generated/rest';
import { sendApiRequest } from '../../../lib/http';
import { queryKeys } from '../../../lib/queryKeys';

/** The log loses events by the hour, not by the second. */
const FRESH_MS = 60_000;

/** Whether events are gone from the log that an outlet has not been told of. Who goes on delivering loses none. */
export function useGapOfOutlet({ position, paused, failingSince, lagEvents }: OutletState): boolean {
  const { data } = useQuery({
    queryKey: queryKeys.gapAfter(position),
    queryFn: ({ signal }) => sendApiRequest<EventEntryPage>({ path: '/api/events', query: { after: position, limit: 1 }, signal }),
    select: (page) => !page.complete,
    enabled: paused || failingSince !== null || lagEvents > 0,
    staleTime: FRESH_MS,
  });
  return data ?? false;
}
