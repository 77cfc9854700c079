import type { DomainEvent, Incident, User } from '@owlpost/client';
import { matchIncidentAgainstFilters, readSortOfFilters, type IncidentFilters } from './filters';
import { compareInOrderOfFilters, writeCursorBehindIncident } from './order';
import { findIncidentInPages, mapIncidentInPages } from './pages';
import type { IncidentPages } from './types';
import { mergeChangesUnlessOlder } from './versions';

/** What an event makes of one incident; the same object when nothing changes. */
export function applyEventToIncident<T extends Incident>(incident: T, event: DomainEvent): T {
  switch (event.name) {
    case 'incident:created':
    case 'escalation:critical': {
      const fresh = event.payload.incident;
      return fresh.id === incident.id ? mergeChangesUnlessOlder(incident, fresh) : incident;
    }
    case 'incident:updated': {
      const { incidentId, changes } = event.payload;
      return incidentId === incident.id ? mergeChangesUnlessOlder(incident, changes) : incident;
    }
    case 'incident:resolved': {
      const { incidentId, resolvedBy, resolution } = event.payload;
      if (incidentId !== incident.id) return incident;
      const resolvedAt = incident.resolvedAt ?? new Date().toISOString();
      return { ...incident, status: 'RESOLVED', resolvedBy, resolution, resolvedAt };
    }
    case 'incident:acknowledged': {
      const { incidentId, acknowledgedBy, acknowledgedAt } = event.payload;
      if (incidentId !== incident.id || incident.acknowledgedAt === acknowledgedAt) return incident;
      return { ...incident, acknowledgedBy, acknowledgedAt };
    }
    default:
      return incident;
  }
}

function readIncidentIdFromEvent(event: DomainEvent): string | null {
  switch (event.name) {
    case 'incident:created':
      return event.payload.incident.id;
    case 'incident:updated':
    case 'incident:resolved':
    case 'incident:acknowledged':
    case 'escalation:critical':
      return event.payload.incidentId;
    default:
      return null;
  }
}

/** Rows of a page, as the server sends them, and the most that events add to what a reader asked for. */
const ROWS_OF_PAGE = 30;
const MOST_ADDED_ROWS = 270;

/** What events push beyond the bound is left to its own page, as what was never loaded is. */
function trimPagesToBound(pages: IncidentPages, filters: IncidentFilters): IncidentPages {
  let room = pages.pageParams.length * ROWS_OF_PAGE + MOST_ADDED_ROWS;
  const trimmed = [];
  for (const page of pages.pages) {
    if (page.incidents.length <= room) {
      trimmed.push(page);
      room -= page.incidents.length;
      continue;
    }
    const incidents = page.incidents.slice(0, Math.max(room, 1));
    const last = incidents.at(-1);
    trimmed.push({ ...page, incidents, nextBefore: last ? writeCursorBehindIncident(last, filters) : page.nextBefore });
    return { pages: trimmed, pageParams: pages.pageParams.slice(0, trimmed.length) };
  }
  return pages;
}

function insertIncidentIntoPages(pages: IncidentPages, incident: Incident, filters: IncidentFilters): IncidentPages {
  const compare = compareInOrderOfFilters(filters);
  const lastPage = pages.pages.at(-1);
  const oldest = lastPage?.incidents.at(-1);
  // Older than all that is loaded: it will come with its own page.
  if (lastPage?.nextBefore && oldest && compare(incident, oldest) > 0) return pages;
  let placed = false;
  const next = pages.pages.map((page, index) => {
    if (placed) return page;
    const at = page.incidents.findIndex((each) => compare(incident, each) < 0);
    const isLast = index === pages.pages.length - 1;
    if (at === -1 && !isLast) return page;
    placed = true;
    const incidents = [...page.incidents];
    incidents.splice(at === -1 ? incidents.length : at, 0, incident);
    return { ...page, incidents };
  });
  return trimPagesToBound({ ...pages, pages: next }, filters);
}

export interface IncidentListContext {
  filters: IncidentFilters;
  me: User;
  /** Finds an incident that this list does not hold elsewhere in the cache. */
  findKnownIncident: (id: string) => Incident | undefined;
}

/** `unknown`: the list may lack an incident that only the server can show; refetch it. */
export interface ReducedIncidentPages {
  pages: IncidentPages;
  unknown: boolean;
}

export function reduceIncidentPagesWithEvent(
  data: IncidentPages,
  event: DomainEvent,
  context: IncidentListContext,
): ReducedIncidentPages {
  const id = readIncidentIdFromEvent(event);
  if (id === null) return { pages: data, unknown: false };
  const current = findIncidentInPages(data, id);
  const belongs = (incident: Incident) => matchIncidentAgainstFilters(incident, context.filters, context.me.id);

  // Which incidents a search finds only the server knows.
  const isSearch = Boolean(context.filters.q);
  if (current) {
    const next = applyEventToIncident(current, event);
    if (next === current) return { pages: data, unknown: false };
    const keep = belongs(next);
    const moves = keep && next.severity !== current.severity && readSortOfFilters(context.filters) === 'urgency';
    const changed = mapIncidentInPages(data, id, () => (keep && !moves ? next : null));
    return { pages: moves ? insertIncidentIntoPages(changed, next, context.filters) : changed, unknown: isSearch };
  }

  if (isSearch) return { pages: data, unknown: true };
  const created = event.name === 'incident:created' || event.name === 'escalation:critical';
  const known = created ? event.payload.incident : context.findKnownIncident(id);
  if (!known) return { pages: data, unknown: true };
  const next = applyEventToIncident(known, event);
  return { pages: belongs(next) ? insertIncidentIntoPages(data, next, context.filters) : data, unknown: false };
}
