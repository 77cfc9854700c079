import type { Comment, DomainEvent, DurableEventName, DurableEvents, Incident, User } from '@owlpost/client';

/** Builders for tests: whole things with one part said. */
export const harry: User = { id: 'u-harry', email: 'harry.potter@hogwarts.edu', name: 'Harry Potter', role: 'STUDENT', handle: 'harry.potter' };
export const percy: User = { id: 'u-percy', email: 'percy.weasley@hogwarts.edu', name: 'Percy Weasley', role: 'PREFECT', handle: 'percy.weasley' };

export function buildIncidentForTest(part: Partial<Incident> & { id: string }): Incident {
  const createdAt = part.createdAt ?? '2026-01-01T10:00:00.000Z';
  return {
    title: `Incident ${part.id}`,
    description: null,
    severity: 'MISCHIEF',
    status: 'OPEN',
    location: null,
    reportedBy: harry,
    assignee: null,
    createdAt,
    updatedAt: createdAt,
    resolvedAt: null,
    resolvedBy: null,
    resolution: null,
    acknowledgedBy: null,
    acknowledgedAt: null,
    version: 1,
    ...part,
  };
}

export function buildCommentForTest(part: Partial<Comment> & { id: string }): Comment {
  return { incidentId: 'i1', content: part.id, author: harry, createdAt: '2026-01-01T10:00:00.000Z', ...part };
}

let position = 0;
export function buildEventForTest<N extends DurableEventName>(
  name: N,
  payload: Omit<DurableEvents[N], 'eventId'> & { eventId?: string },
): DomainEvent {
  position += 1;
  return { name, payload: { eventId: String(position), ...payload } } as unknown as DomainEvent;
}
