import { useInfiniteQuery, useMutation, useQueryClient } from '@tanstack/react-query';
import type { MadeToken, NewToken, TokenPage } from '../../../generated/rest';
import { sendApiRequest } from '../../../lib/http';
import { queryKeys } from '../../../lib/queryKeys';

/** One's own, or those of everybody. */
export function useApiTokens(all: boolean) {
  return useInfiniteQuery({
    queryKey: queryKeys.apiTokens(all),
    queryFn: ({ pageParam, signal }) =>
      sendApiRequest<TokenPage>({ path: '/api/tokens', query: { all: all ? 'true' : undefined, before: pageParam }, signal }),
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
    mutationFn: (token: NewToken) => sendApiRequest<MadeToken>({ method: 'POST', path: '/api/tokens', body: token }),
    onSettled: refetch,
  });
}

export function useRevokeApiToken() {
  const refetch = useRefetchOfTokens();
  return useMutation({
    mutationFn: (id: string) => sendApiRequest({ method: 'DELETE', path: `/api/tokens/${id}` }),
    onSettled: refetch,
  });
}
