import type { OutletState, Webhook } from '@owlpost/client/rest';

/** Builders for tests: whole things with one part said. */
export function buildOutletForTest(part: Partial<OutletState> = {}): OutletState {
  return {
    name: 'rabbitmq',
    position: '41',
    lagEvents: 0,
    paused: false,
    followedAt: new Date().toISOString(),
    deliveredAt: null,
    failingSince: null,
    lastError: null,
    failures: 0,
    ...part,
  };
}

export function buildWebhookForTest(part: Partial<Webhook> & { id: string }): Webhook {
  const outlet = buildOutletForTest({ name: `webhook:${part.id}`, paused: part.enabled === false });
  return {
    name: `Webhook ${part.id}`,
    url: 'https://prophet.example.org/owl',
    template: 'generic',
    events: ['incident.*'],
    severities: [],
    enabled: true,
    disabledReason: null,
    previousSecretUntil: null,
    createdBy: null,
    createdAt: '2026-01-01T10:00:00.000Z',
    updatedAt: '2026-01-01T10:00:00.000Z',
    outlet,
    ...part,
  };
}
