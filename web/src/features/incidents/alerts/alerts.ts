import type { Incident, User } from '@owlpost/client';
import type { IncidentFilters } from '../../../entities/incident';

/** Critical and not resolved: what an Auror looks at first. */
export const urgentFilters: IncidentFilters = { status: ['OPEN', 'IN_PROGRESS'], severity: ['CRITICAL'], sort: 'newest' };

/** What stands in the bar: critical, taken by nobody, and not sent away by this person. The newest first. */
export function listAlertsOfIncidents(incidents: readonly Incident[], sentAway: readonly string[]): Incident[] {
  return incidents.filter((incident) => incident.acknowledgedAt === null && !sentAway.includes(incident.id));
}

/** "Critical: Basilisk, reported by Harry Potter in the dungeon". */
export function describeAlertInWords(incident: Incident, me: User): string {
  const where = incident.location ? ` in ${incident.location}` : '';
  const mine = incident.assignee?.id === me.id ? ', assigned to you' : '';
  return `Critical: ${incident.title}, reported by ${incident.reportedBy.name}${where}${mine}`;
}

/** Whom nobody has first, and of them who waits longest. */
export function sortUrgentForDuty(incidents: readonly Incident[]): Incident[] {
  const isTaken = (incident: Incident) => Number(incident.assignee !== null);
  return [...incidents].sort((a, b) => isTaken(a) - isTaken(b) || a.createdAt.localeCompare(b.createdAt) || a.id.localeCompare(b.id));
}
