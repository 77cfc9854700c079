import { useQuery } from '@tanstack/react-query';
import { rest } from '../../../lib/server';
import { queryKeys } from '../../../lib/queryKeys';
import { whileLookedAt } from './whileLookedAt';

export function useWebhooks() {
  return useQuery({
    queryKey: queryKeys.webhooks,
    queryFn: ({ signal }) => rest.get('/api/webhooks', { signal }),
    select: (answer) => answer.webhooks,
    ...whileLookedAt,
  });
}
