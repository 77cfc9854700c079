import { useInfiniteQuery } from '@tanstack/react-query';
import { commentKeys } from '../../../entities/comment';
import { rest } from '../../../lib/server';

const PAGE_SIZE = 50;

/** The latest page first; "next" is what was said before it. */
export function useComments(incidentId: string, enabled: boolean) {
  return useInfiniteQuery({
    queryKey: commentKeys.of(incidentId),
    queryFn: ({ pageParam, signal }) =>
      rest.get('/api/incidents/{id}/comments', {
        path: { id: incidentId },
        query: { limit: PAGE_SIZE, before: pageParam },
        signal,
      }),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.nextBefore,
    staleTime: 0,
    enabled,
  });
}
