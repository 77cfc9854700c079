import type { Incident, Severity } from '@owlpost/client';
import { readSortOfFilters, type IncidentFilters } from './filters';

const ranks: Record<Severity, number> = { CRITICAL: 0, SERIOUS: 1, MISCHIEF: 2 };

/** How the list of these filters is ordered, as the server has it; ids begin with the time. */
export function compareInOrderOfFilters(filters: IncidentFilters): (a: Incident, b: Incident) => number {
  if (readSortOfFilters(filters) === 'urgency') {
    return (a, b) => ranks[a.severity] - ranks[b.severity] || (a.id < b.id ? -1 : 1);
  }
  return (a, b) => {
    if (a.createdAt !== b.createdAt) return a.createdAt < b.createdAt ? 1 : -1;
    return a.id < b.id ? 1 : -1;
  };
}

/** Where the page behind an incident begins. */
export function writeCursorBehindIncident(incident: Incident, filters: IncidentFilters): string {
  return readSortOfFilters(filters) === 'urgency' ? `${incident.severity}.${incident.id}` : incident.id;
}
