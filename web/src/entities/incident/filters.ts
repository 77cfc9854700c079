import type { Incident, Severity, Status } from '@owlpost/client';

/** What a list of incidents shows; the same words in the address bar, in the query key and in the request. */
export interface IncidentFilters {
  status?: Status[];
  severity?: Severity[];
  /** `me`, `none` or a user id. */
  assignee?: string;
  q?: string;
  /** In which order; without it, what is at work is in order of urgency, and all else newest first. */
  sort?: IncidentSort;
}

export type IncidentSort = 'newest' | 'urgency';

const AT_WORK: readonly Status[] = ['OPEN', 'IN_PROGRESS'];

/** What people on duty look at first: the list of the bare address. */
export const filtersOfDuty: IncidentFilters = { status: [...AT_WORK] };

export function readSortOfFilters({ sort, status, q }: IncidentFilters): IncidentSort {
  const isAtWork = status !== undefined && !status.includes('RESOLVED');
  return sort ?? (isAtWork && !q ? 'urgency' : 'newest');
}

const STATUSES: readonly Status[] = ['OPEN', 'IN_PROGRESS', 'RESOLVED'];
const SORTS: readonly IncidentSort[] = ['newest', 'urgency'];
const SEVERITIES: readonly Severity[] = ['MISCHIEF', 'SERIOUS', 'CRITICAL'];

function readListFromParameter<T extends string>(text: string | null, allowed: readonly T[]): T[] | undefined {
  const values = allowed.filter((value) => text?.split(',').includes(value));
  return values.length > 0 ? values : undefined;
}

export function readFiltersFromSearchParams(search: URLSearchParams): IncidentFilters {
  const filters: IncidentFilters = {};
  const status = readListFromParameter(search.get('status'), STATUSES);
  const severity = readListFromParameter(search.get('severity'), SEVERITIES);
  const assignee = search.get('assignee');
  const q = search.get('q')?.trim();
  const sort = SORTS.find((each) => each === search.get('sort'));
  const isBare = !['status', 'severity', 'assignee', 'q', 'view'].some((name) => search.has(name));
  if (isBare) filters.status = [...AT_WORK];
  if (sort) filters.sort = sort;
  if (status) filters.status = status;
  if (severity) filters.severity = severity;
  if (assignee) filters.assignee = assignee;
  if (q) filters.q = q;
  return filters;
}

export function writeFiltersToSearchParams(filters: IncidentFilters): URLSearchParams {
  const search = new URLSearchParams();
  const { sort, ...rest } = filters;
  if (sort) search.set('sort', sort);
  if (areSameFilters(rest, filtersOfDuty)) return search;
  if (areSameFilters(rest, {})) search.set('view', 'all');
  if (filters.status?.length) search.set('status', filters.status.join(','));
  if (filters.severity?.length) search.set('severity', filters.severity.join(','));
  if (filters.assignee) search.set('assignee', filters.assignee);
  if (filters.q) search.set('q', filters.q);
  return search;
}

/** The same incidents, in whatever order. */
export function areSameFilters(a: IncidentFilters, b: IncidentFilters): boolean {
  const describe = (f: IncidentFilters) => JSON.stringify([f.status ?? [], f.severity ?? [], f.assignee ?? '', f.q ?? '']);
  return describe(a) === describe(b);
}

/** Whether an incident belongs to a list, as far as a page can tell: what a search finds only the server knows. */
export function matchIncidentAgainstFilters(incident: Incident, filters: IncidentFilters, myId: string): boolean {
  if (filters.status && !filters.status.includes(incident.status)) return false;
  if (filters.severity && !filters.severity.includes(incident.severity)) return false;
  if (filters.assignee === 'none' && incident.assignee) return false;
  if (filters.assignee && filters.assignee !== 'none') {
    const wanted = filters.assignee === 'me' ? myId : filters.assignee;
    if (incident.assignee?.id !== wanted) return false;
  }
  return true;
}
