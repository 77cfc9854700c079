import type { InvitationBody } from '@owlpost/client/rest';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { rest } from '../../../lib/server';
import { queryKeys } from '../../../lib/queryKeys';

export function useOpenInvitations() {
  return useQuery({
    queryKey: queryKeys.invitations,
    queryFn: ({ signal }) => rest.get('/api/invitations', { signal }),
    select: (answer) => answer.invitations,
    staleTime: 0,
    refetchOnWindowFocus: true,
  });
}

export function useCreateInvitation() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (body: InvitationBody) => rest.post('/api/invitations', { body }),
    onSettled: () => client.invalidateQueries({ queryKey: queryKeys.invitations }),
  });
}

export function useWithdrawInvitation() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (id: string) => rest.delete('/api/invitations/{id}', { path: { id } }),
    onSettled: () => client.invalidateQueries({ queryKey: queryKeys.invitations }),
  });
}
