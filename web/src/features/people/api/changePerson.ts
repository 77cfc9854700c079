import { useMutation, useQueryClient } from '@tanstack/react-query';
import type { User } from '../../../generated';
import type { UserChange } from '../../../generated/rest';
import { sendApiRequest } from '../../../lib/http';
import { queryKeys } from '../../../lib/queryKeys';

/** Gives somebody another role, deactivates them or lets them in again. */
export function useChangePerson(id: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (change: UserChange) => sendApiRequest<User>({ method: 'PATCH', path: `/api/users/${id}`, body: change }),
    onSettled: () => client.invalidateQueries({ queryKey: queryKeys.everyUser }),
  });
}
