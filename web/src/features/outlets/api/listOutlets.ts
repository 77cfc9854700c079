import { useQuery } from '@tanstack/react-query';
import { rest } from '../../../lib/server';
import { queryKeys } from '../../../lib/queryKeys';
import { whileLookedAt } from './whileLookedAt';

export function useOutlets() {
  return useQuery({
    queryKey: queryKeys.outletList,
    queryFn: ({ signal }) => rest.get('/api/outlets', { signal }),
    select: (answer) => answer.outlets,
    ...whileLookedAt,
  });
}
