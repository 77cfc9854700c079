import { useMutation, useQueryClient } from '@tanstack/react-query';
import { sendApiRequest } from '../../../lib/http';
import { queryKeys } from '../../../lib/queryKeys';

export function useDeletePerson(id: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: () => sendApiRequest({ method: 'DELETE', path: `/api/users/${id}` }),
    onSettled: () => client.invalidateQueries({ queryKey: queryKeys.everyUser }),
  });
}
