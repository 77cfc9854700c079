import type { Webhook } from '../../../generated/rest';
import { sendApiRequest } from '../../../lib/http';
import { useWebhookDeed } from './useWebhookDeed';

/** `from` is the `eventId` of the first event that is delivered once more. */
export function useRedeliverToWebhook(id: string) {
  return useWebhookDeed((from: string) => sendApiRequest<Webhook>({ method: 'POST', path: `/api/webhooks/${id}/redeliver`, body: { from } }));
}
