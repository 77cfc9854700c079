import type { UserChange } from '@owlpost/client/rest';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { rest } from '../../../lib/server';
import { queryKeys } from '../../../lib/queryKeys';

/** Gives somebody another role, deactivates them or lets them in again. */
export function useChangePerson(id: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (change: UserChange) => rest.patch('/api/users/{id}', { path: { id }, body: change }),
    onSettled: () => client.invalidateQueries({ queryKey: queryKeys.everyUser }),
  });
}
