import { useQuery } from '@tanstack/react-query';
import { rest } from '../../../lib/server';
import { queryKeys } from '../../../lib/queryKeys';

/** The log loses events by the hour, not by the second. */
const FRESH_MS = 60_000;

/** Whether events are gone from the log that an outlet has not been told of. Who goes on delivering loses none, and is not asked about. */
export function useGapAfterPosition(position: string, isWaiting: boolean): boolean {
  const { data } = useQuery({
    queryKey: queryKeys.gapAfter(position),
    queryFn: ({ signal }) => rest.get('/api/events', { query: { after: position, limit: 1 }, signal }),
    select: (page) => !page.complete,
    enabled: isWaiting,
    staleTime: FRESH_MS,
  });
  return isWaiting && (data ?? false);
}
