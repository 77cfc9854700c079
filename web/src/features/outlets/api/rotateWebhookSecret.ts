import { rest } from '../../../lib/server';
import { useWebhookDeed } from './useWebhookDeed';

export function useRotateWebhookSecret(id: string) {
  return useWebhookDeed(() => rest.post('/api/webhooks/{id}/secret', { path: { id } }));
}
