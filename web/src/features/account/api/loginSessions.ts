import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { rest } from '../../../lib/server';
import { queryKeys } from '../../../lib/queryKeys';

export function useLoginSessions() {
  return useQuery({
    queryKey: queryKeys.loginSessions,
    queryFn: ({ signal }) => rest.get('/api/auth/sessions', { signal }),
    select: (answer) => answer.sessions,
    // No event tells of them.
    staleTime: 0,
    refetchOnWindowFocus: true,
  });
}

export function useEndLoginSession() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (id: string) => rest.delete('/api/auth/sessions/{id}', { path: { id } }),
    onSettled: () => client.invalidateQueries({ queryKey: queryKeys.loginSessions }),
  });
}
