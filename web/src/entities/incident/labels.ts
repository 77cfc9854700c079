import type { Severity, Status } from '../../generated';

export const severityLabels: Record<Severity, string> = { MISCHIEF: 'Mischief', SERIOUS: 'Serious', CRITICAL: 'Critical' };
export const statusLabels: Record<Status, string> = { OPEN: 'Open', IN_PROGRESS: 'In progress', RESOLVED: 'Resolved' };

/** The start of an id, enough for people to tell two incidents apart. UUID v7 begins with the time, so take the end. */
export function shortenIncidentIdForPeople(id: string): string {
  return `OWL-${id.slice(-5).toUpperCase()}`;
}
