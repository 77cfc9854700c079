import { keepPreviousData, useQuery } from '@tanstack/react-query';
import type { User } from '../../generated';
import { sendApiRequest } from '../http';
import { queryKeys } from '../queryKeys';

const LIMIT = 50;

async function searchUsersByName(q: string, signal: AbortSignal): Promise<User[]> {
  const answer = await sendApiRequest<{ users: User[] }>({ path: '/api/users', query: { q, limit: LIMIT }, signal });
  return answer.users;
}

export function useUserSearch(q: string, enabled = true) {
  return useQuery({
    queryKey: queryKeys.userSearch(q),
    queryFn: ({ signal }) => searchUsersByName(q, signal),
    staleTime: 30_000,
    placeholderData: keepPreviousData,
    enabled,
  });
}
