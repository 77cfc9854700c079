import type { MadeWebhook, NewWebhook } from '../../../generated/rest';
import { sendApiRequest } from '../../../lib/http';
import { useWebhookDeed } from './useWebhookDeed';

export function useCreateWebhook() {
  return useWebhookDeed((webhook: NewWebhook) => sendApiRequest<MadeWebhook>({ method: 'POST', path: '/api/webhooks', body: webhook }));
}
