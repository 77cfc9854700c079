import { useQuery } from '@tanstack/react-query';
import type { Receipts } from '../../../lib/cacheTypes';
import { sendApiRequest } from '../../../lib/http';
import { queryKeys } from '../../../lib/queryKeys';

export function useReceipts(incidentId: string, enabled: boolean) {
  return useQuery({
    queryKey: queryKeys.receiptsOf(incidentId),
    queryFn: ({ signal }) => sendApiRequest<Receipts>({ path: `/api/incidents/${incidentId}/receipts`, signal }),
    staleTime: 0,
    enabled,
  });
}
