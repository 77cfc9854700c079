import type { User } from '@owlpost/client';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { rest } from '../server';
import { queryKeys } from '../queryKeys';

const LIMIT = 50;

async function searchUsersByName(q: string, assignable: boolean, signal: AbortSignal): Promise<User[]> {
  const query = { q, limit: LIMIT, assignable: assignable || null };
  const answer = await rest.get('/api/users', { query, signal });
  return answer.users;
}

interface Options {
  enabled?: boolean;
  /** Only people who can be assigned. */
  assignable?: boolean;
}

export function useUserSearch(q: string, { enabled = true, assignable = false }: Options = {}) {
  return useQuery({
    queryKey: queryKeys.userSearch(q, assignable),
    queryFn: ({ signal }) => searchUsersByName(q, assignable, signal),
    staleTime: 30_000,
    placeholderData: keepPreviousData,
    enabled,
  });
}
