import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import type { InvitationBody, InvitationList, LinkOnce } from '../../../generated/rest';
import { sendApiRequest } from '../../../lib/http';
import { queryKeys } from '../../../lib/queryKeys';

export function useOpenInvitations() {
  return useQuery({
    queryKey: queryKeys.invitations,
    queryFn: ({ signal }) => sendApiRequest<InvitationList>({ path: '/api/invitations', signal }),
    select: (answer) => answer.invitations,
    staleTime: 0,
    refetchOnWindowFocus: true,
  });
}

export function useCreateInvitation() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (body: InvitationBody) => sendApiRequest<LinkOnce>({ method: 'POST', path: '/api/invitations', body }),
    onSettled: () => client.invalidateQueries({ queryKey: queryKeys.invitations }),
  });
}

export function useWithdrawInvitation() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (id: string) => sendApiRequest({ method: 'DELETE', path: `/api/invitations/${id}` }),
    onSettled: () => client.invalidateQueries({ queryKey: queryKeys.invitations }),
  });
}
