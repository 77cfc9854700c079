import type { IncidentFilters } from './filters';

export const incidentKeys = {
  all: ['incidents'] as const,
  lists: ['incidents', 'list'] as const,
  list: (filters: IncidentFilters) => ['incidents', 'list', filters] as const,
  counts: ['incidents', 'counts'] as const,
  details: ['incidents', 'detail'] as const,
  detail: (id: string) => ['incidents', 'detail', id] as const,
};
