import { useQuery } from '@tanstack/react-query';
import { activityKeys } from '../../../entities/activity';
import { rest } from '../../../lib/server';

export function useReceipts(incidentId: string, enabled: boolean) {
  return useQuery({
    queryKey: activityKeys.receiptsOf(incidentId),
    queryFn: ({ signal }) => rest.get('/api/incidents/{id}/receipts', { path: { id: incidentId }, signal }),
    staleTime: 0,
    enabled,
  });
}
