import { rest } from '../../../lib/server';
import { useWebhookDeed } from './useWebhookDeed';

export function useDeleteWebhook(id: string) {
  return useWebhookDeed(() => rest.delete('/api/webhooks/{id}', { path: { id } }));
}
