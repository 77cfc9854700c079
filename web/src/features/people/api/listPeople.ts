import { useInfiniteQuery } from '@tanstack/react-query';
import { rest } from '../../../lib/server';
import { queryKeys } from '../../../lib/queryKeys';

const PAGE_SIZE = 30;

export function usePeople(q: string, deactivated: boolean) {
  const queryKey = queryKeys.people(q, deactivated);
  return useInfiniteQuery({
    queryKey,
    queryFn: ({ pageParam, signal }) => {
      const query = { q, deactivated: deactivated || null, limit: PAGE_SIZE, after: pageParam };
      return rest.get('/api/users', { query, signal });
    },
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.nextAfter,
    // While another search travels, the one before is shown; but what may be done about the deactivated is another thing.
    placeholderData: (last, lastQuery) => (lastQuery?.queryKey[3] === deactivated ? last : undefined),
    // Events tell of people to themselves alone.
    staleTime: 0,
    refetchOnWindowFocus: true,
  });
}
