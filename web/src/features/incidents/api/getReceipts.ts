import { useQuery } from '@tanstack/react-query';
import { activityKeys, type Receipts } from '../../../entities/activity';
import { sendApiRequest } from '../../../lib/http';

export function useReceipts(incidentId: string, enabled: boolean) {
  return useQuery({
    queryKey: activityKeys.receiptsOf(incidentId),
    queryFn: ({ signal }) => sendApiRequest<Receipts>({ path: `/api/incidents/${incidentId}/receipts`, signal }),
    staleTime: 0,
    enabled,
  });
}
