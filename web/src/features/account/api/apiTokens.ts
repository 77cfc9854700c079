import type { NewToken } from '@owlpost/client/rest';
import { useInfiniteQuery, useMutation, useQueryClient } from '@tanstack/react-query';
import { rest } from '../../../lib/server';
import { queryKeys } from '../../../lib/queryKeys';

/** One's own, or those of everybody. */
export function useApiTokens(all: boolean) {
  return useInfiniteQuery({
    queryKey: queryKeys.apiTokens(all),
    queryFn: ({ pageParam, signal }) =>
      rest.get('/api/tokens', { query: { all: all || null, before: pageParam }, signal }),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.nextBefore,
    staleTime: 0,
    refetchOnWindowFocus: true,
  });
}

function useRefetchOfTokens(): () => Promise<void> {
  const client = useQueryClient();
  return () => client.invalidateQueries({ queryKey: queryKeys.everyApiToken });
}

export function useCreateApiToken() {
  const refetch = useRefetchOfTokens();
  return useMutation({
    mutationFn: (token: NewToken) => rest.post('/api/tokens', { body: token }),
    onSettled: refetch,
  });
}

export function useRevokeApiToken() {
  const refetch = useRefetchOfTokens();
  return useMutation({
    mutationFn: (id: string) => rest.delete('/api/tokens/{id}', { path: { id } }),
    onSettled: refetch,
  });
}
