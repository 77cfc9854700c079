import type { WebhookChange } from '@owlpost/client/rest';
import { rest } from '../../../lib/server';
import { useWebhookDeed } from './useWebhookDeed';

export function useChangeWebhook(id: string) {
  return useWebhookDeed((change: WebhookChange) => rest.patch('/api/webhooks/{id}', { path: { id }, body: change }));
}
