import { useMutation, useQueryClient } from '@tanstack/react-query';
import { rest } from '../../../lib/server';
import { queryKeys } from '../../../lib/queryKeys';

export function useDeletePerson(id: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: () => rest.delete('/api/users/{id}', { path: { id } }),
    onSettled: () => client.invalidateQueries({ queryKey: queryKeys.everyUser }),
  });
}
