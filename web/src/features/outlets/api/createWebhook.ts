import type { NewWebhook } from '@owlpost/client/rest';
import { rest } from '../../../lib/server';
import { useWebhookDeed } from './useWebhookDeed';

export function useCreateWebhook() {
  return useWebhookDeed((webhook: NewWebhook) => rest.post('/api/webhooks', { body: webhook }));
}
