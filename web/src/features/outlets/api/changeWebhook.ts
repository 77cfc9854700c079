import type { Webhook, WebhookChange } from '../../../generated/rest';
import { sendApiRequest } from '../../../lib/http';
import { useWebhookDeed } from './useWebhookDeed';

export function useChangeWebhook(id: string) {
  return useWebhookDeed((change: WebhookChange) => sendApiRequest<Webhook>({ method: 'PATCH', path: `/api/webhooks/${id}`, body: change }));
}
