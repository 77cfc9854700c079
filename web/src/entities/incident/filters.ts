import type { Incident, Severity, Status } from '../../generated';

/** What a list of incidents shows; the same words in the address bar, in the query key and in the request. */
export interface IncidentFilters {
  status?: Status[];
  severity?: Severity[];
  /** `me`, `none` or a user id. */
  assignee?: string;
  q?: string;
}

const STATUSES: readonly Status[] = ['OPEN', 'IN_PROGRESS', 'RESOLVED'];
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
  if (status) filters.status = status;
  if (severity) filters.severity = severity;
  if (assignee) filters.assignee = assignee;
  if (q) filters.q = q;
  return filters;
}

export function writeFiltersToSearchParams(filters: IncidentFilters): URLSearchParams {
  const search = new URLSearchParams();
  if (filters.status?.length) search.set('status', filters.status.join(','));
  if (filters.severity?.length) search.set('severity', filters.severity.join(','));
  if (filters.assignee) search.set('assignee', filters.assignee);
  if (filters.q) search.set('q', filters.q);
  return search;
}

function splitTextIntoWords(text: string): string[] {
  return text.toLowerCase().split(/[^\p{L}\p{N}]+/u).filter(Boolean);
}

/** Whether an incident belongs to a list. As on the server, words match whole, and the last may be unfinished. */
export function matchIncidentAgainstFilters(incident: Incident, filters: IncidentFilters, myId: string): boolean {
  if (filters.status && !filters.status.includes(incident.status)) return false;
  if (filters.severity && !filters.severity.includes(incident.severity)) return false;
  if (filters.assignee === 'none' && incident.assignee) return false;
  if (filters.assignee && filters.assignee !== 'none') {
    const wanted = filters.assignee === 'me' ? myId : filters.assignee;
    if (incident.assignee?.id !== wanted) return false;
  }
  if (filters.q) {
    const words = splitTextIntoWords(`${incident.title} ${incident.description ?? ''} ${incident.location ?? ''}`);
    const asked = splitTextIntoWords(filters.q);
    const last = asked.pop() ?? '';
    if (!asked.every((word) => words.includes(word))) return false;
    if (!words.some((word) => word.startsWith(last))) return false;
  }
  return true;
}
