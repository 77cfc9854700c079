import { useQuery } from '@tanstack/react-query';
import type { OutletList } from '../../../generated/rest';
import { sendApiRequest } from '../../../lib/http';
import { queryKeys } from '../../../lib/queryKeys';
import { whileLookedAt } from './whileLookedAt';

export function useOutlets() {
  return useQuery({
    queryKey: queryKeys.outletList,
    queryFn: ({ signal }) => sendApiRequest<OutletList>({ path: '/api/outlets', signal }),
    select: (answer) => answer.outlets,
    ...whileLookedAt,
  });
}
