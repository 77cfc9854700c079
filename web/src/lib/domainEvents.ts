import type {
  CommentCreated,
  CommentDeleted,
  Durable,
  EscalationCritical,
  EscalationStep,
  IncidentAcknowledged,
  IncidentCreated,
  IncidentResolved,
  IncidentUpdated,
  NotificationDeleted,
  NotificationNew,
  NotificationRead,
  UserUpdated,
} from '../generated';

/** Events about committed data: each has an `eventId` and is never lost. */
export interface DurableEvents {
  'incident:created': IncidentCreated & Durable;
  'incident:updated': IncidentUpdated & Durable;
  'incident:resolved': IncidentResolved & Durable;
  'comment:created': CommentCreated & Durable;
  'comment:deleted': CommentDeleted & Durable;
  'notification:new': NotificationNew & Durable;
  'notification:read': NotificationRead & Durable;
  'notification:deleted': NotificationDeleted & Durable;
  'escalation:critical': EscalationCritical & Durable;
  'incident:acknowledged': IncidentAcknowledged & Durable;
  'escalation:step': EscalationStep & Durable;
  'user:updated': UserUpdated & Durable;
}

export const DURABLE_EVENT_NAMES = [
  'incident:created',
  'incident:updated',
  'incident:resolved',
  'comment:created',
  'comment:deleted',
  'notification:new',
  'notification:read',
  'notification:deleted',
  'escalation:critical',
  'incident:acknowledged',
  'escalation:step',
  'user:updated',
] as const satisfies readonly (keyof DurableEvents)[];

export type DurableEventName = keyof DurableEvents;

/** A durable event as the rest of the app sees it: narrowed by `name`. */
export type DomainEvent = { [N in DurableEventName]: { name: N; payload: DurableEvents[N] } }[DurableEventName];
