import type { Webhook, WebhookChange } from '@owlpost/client/rest';
import type { WebhookValues } from './WebhookForm';

/** What another Auror changed meanwhile in other fields is left as it is: only what differs from what was shown is sent. */
export function pickChangesOfWebhook(before: Webhook, values: WebhookValues): WebhookChange {
  const isChanged = (field: keyof WebhookValues) => JSON.stringify(before[field]) !== JSON.stringify(values[field]);
  const fields = (Object.keys(values) as (keyof WebhookValues)[]).filter(isChanged);
  return Object.fromEntries(fields.map((field) => [field, values[field]]));
}
