import { rest } from '../../../lib/server';
import { useWebhookDeed } from './useWebhookDeed';

/** `from` is the `eventId` of the first event that is delivered once more. */
export function useRedeliverToWebhook(id: string) {
  return useWebhookDeed((from: string) => rest.post('/api/webhooks/{id}/redeliver', { path: { id }, body: { from } }));
}
