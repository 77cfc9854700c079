import { useInfiniteQuery } from '@tanstack/react-query';
import { commentKeys, type CommentPage } from '../../../entities/comment';
import { sendApiRequest } from '../../../lib/http';

const PAGE_SIZE = 50;

/** The latest page first; "next" is what was said before it. */
export function useComments(incidentId: string, enabled: boolean) {
  return useInfiniteQuery({
    queryKey: commentKeys.of(incidentId),
    queryFn: ({ pageParam, signal }) =>
      sendApiRequest<CommentPage>({
        path: `/api/incidents/${incidentId}/comments`,
        query: { limit: PAGE_SIZE, before: pageParam },
        signal,
      }),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.nextBefore,
    staleTime: 0,
    enabled,
  });
}
