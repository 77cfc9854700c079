import type { IncidentFilters } from '../../entities/incident';

export interface View {
  name: string;
  filters: IncidentFilters;
}

/** The views people open all day; each is only a set of filters. */
export const views: readonly View[] = [
  { name: 'All incidents', filters: {} },
  { name: 'Active', filters: { status: ['OPEN', 'IN_PROGRESS'] } },
  { name: 'Assigned to me', filters: { assignee: 'me' } },
  { name: 'Unassigned', filters: { status: ['OPEN', 'IN_PROGRESS'], assignee: 'none' } },
  { name: 'Resolved', filters: { status: ['RESOLVED'] } },
];

export function isSameSetOfFilters(a: IncidentFilters, b: IncidentFilters): boolean {
  const describe = (f: IncidentFilters) => JSON.stringify([f.status ?? [], f.severity ?? [], f.assignee ?? '', f.q ?? '']);
  return describe(a) === describe(b);
}

export function nameViewOfFilters(filters: IncidentFilters): string {
  return views.find((view) => isSameSetOfFilters(view.filters, filters))?.name ?? 'Incidents';
}
