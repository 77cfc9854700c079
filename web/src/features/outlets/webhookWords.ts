import type { Webhook, WebhookTemplate } from '@owlpost/client/rest';
import { severityLabels } from '../../entities/incident';

export const templateLabels: Record<WebhookTemplate, string> = {
  generic: 'Plain (Standard Webhooks)',
  slack: 'Slack',
  mattermost: 'Mattermost',
  teams: 'Microsoft Teams',
};

/** What most want; `notification.*` are of single people. */
export const DEFAULT_EVENTS = ['incident.*', 'comment.*', 'escalation.*'];

export function splitPatternsOfEvents(text: string): string[] {
  return text.split(/[\s,]+/).filter(Boolean);
}

/** "Slack · incident.*, comment.* · Critical". */
export function describeWishesOfWebhook({ template, events, severities }: Webhook): string {
  const severe = severities.length === 0 ? 'every severity' : severities.map((each) => severityLabels[each] ?? each).join(', ');
  return [templateLabels[template] ?? template, events.join(', '), severe].join(' · ');
}
