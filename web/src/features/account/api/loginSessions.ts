import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import type { LoginList } from '../../../generated/rest';
import { sendApiRequest } from '../../../lib/http';
import { queryKeys } from '../../../lib/queryKeys';

export function useLoginSessions() {
  return useQuery({
    queryKey: queryKeys.loginSessions,
    queryFn: ({ signal }) => sendApiRequest<LoginList>({ path: '/api/auth/sessions', signal }),
    select: (answer) => answer.sessions,
    // No event tells of them.
    staleTime: 0,
    refetchOnWindowFocus: true,
  });
}

export function useEndLoginSession() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (id: string) => sendApiRequest({ method: 'DELETE', path: `/api/auth/sessions/${id}` }),
    onSettled: () => client.invalidateQueries({ queryKey: queryKeys.loginSessions }),
  });
}
