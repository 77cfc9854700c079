/** The incident that a durable event is about. */
export function readSubjectOfEvent(payload: object): string | null {
  const { incidentId, incident, link } = payload as { incidentId?: unknown; incident?: { id?: unknown }; link?: unknown };
  if (typeof incidentId === 'string') return incidentId;
  if (typeof incident?.id === 'string') return incident.id;
  return typeof link === 'string' ? readIncidentFromLink(link) : null;
}

/** The incident that a notification leads to. */
export function readIncidentFromLink(link: string): string | null {
  return /^\/incidents\/([0-9a-f-]{36})/.exec(link)?.[1] ?? null;
}
