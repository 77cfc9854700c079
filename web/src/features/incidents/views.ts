import type { IncidentCounts } from '@owlpost/client/rest';
import { areSameFilters, filtersOfDuty, type IncidentFilters } from '../../entities/incident';

export interface View {
  name: string;
  filters: IncidentFilters;
  /** Which count of the server's is of it. */
  count: Exclude<keyof IncidentCounts, 'bound'>;
}

/** The views people open all day; each is only a set of filters. The first is the bare address. */
export const views: readonly View[] = [
  { name: 'Active', filters: filtersOfDuty, count: 'active' },
  { name: 'Assigned to me', filters: { ...filtersOfDuty, assignee: 'me' }, count: 'assignedToMe' },
  { name: 'Unassigned', filters: { ...filtersOfDuty, assignee: 'none' }, count: 'unassigned' },
  { name: 'Resolved', filters: { status: ['RESOLVED'] }, count: 'resolved' },
  { name: 'All incidents', filters: {}, count: 'all' },
];

export function nameViewOfFilters(filters: IncidentFilters): string {
  return views.find((view) => areSameFilters(view.filters, filters))?.name ?? 'Incidents';
}

/** "12", or "1000+" for as many as are counted at most. */
export function writeCountOfView(counts: IncidentCounts, view: View): string {
  const count = counts[view.count];
  return count >= counts.bound ? `${counts.bound}+` : String(count);
}
