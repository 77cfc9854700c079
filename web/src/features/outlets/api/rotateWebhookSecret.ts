import type { MadeWebhook } from '../../../generated/rest';
import { sendApiRequest } from '../../../lib/http';
import { useWebhookDeed } from './useWebhookDeed';

export function useRotateWebhookSecret(id: string) {
  return useWebhookDeed(() => sendApiRequest<MadeWebhook>({ method: 'POST', path: `/api/webhooks/${id}/secret` }));
}
