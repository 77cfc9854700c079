import { sendApiRequest } from '../../../lib/http';
import { useWebhookDeed } from './useWebhookDeed';

export function useDeleteWebhook(id: string) {
  return useWebhookDeed(() => sendApiRequest({ method: 'DELETE', path: `/api/webhooks/${id}` }));
}
