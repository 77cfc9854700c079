import type { LoggedEvent } from '../../lib/cacheTypes';
import type { DomainEvent } from '../events';

/** The incident that a durable event, or its record in the log, is about. */
export function readSubjectOfEvent(payload: object): string | null {
  const { incidentId, incident } = payload as { incidentId?: unknown; incident?: { id?: unknown } };
  if (typeof incidentId === 'string') return incidentId;
  return typeof incident?.id === 'string' ? incident.id : null;
}

export function appendEventToActivity(log: LoggedEvent[], event: DomainEvent, incidentId: string): LoggedEvent[] {
  if (readSubjectOfEvent(event.payload) !== incidentId) return log;
  const { eventId } = event.payload;
  if (log.some((each) => each.eventId === eventId)) return log;
  const payload = { ...event.payload } as Record<string, unknown>;
  return [...log, { eventId, event: event.name, payload, createdAt: new Date().toISOString() }];
}
