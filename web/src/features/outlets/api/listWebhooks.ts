import { useQuery } from '@tanstack/react-query';
import type { WebhookList } from '../../../generated/rest';
import { sendApiRequest } from '../../../lib/http';
import { queryKeys } from '../../../lib/queryKeys';
import { whileLookedAt } from './whileLookedAt';

export function useWebhooks() {
  return useQuery({
    queryKey: queryKeys.webhooks,
    queryFn: ({ signal }) => sendApiRequest<WebhookList>({ path: '/api/webhooks', signal }),
    select: (answer) => answer.webhooks,
    ...whileLookedAt,
  });
}
