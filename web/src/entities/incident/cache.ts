import type { Incident } from '@owlpost/client';
import type { QueryClient } from '@tanstack/react-query';
import { incidentKeys } from './keys';
import { type IncidentEdit, revertRefusedFieldsOfEdit } from './mergeEdits';
import { findIncidentInPages, mapIncidentInPages } from './pages';
import type { IncidentDetail, IncidentPages } from './types';
import { mergeChangesUnlessOlder } from './versions';

export function findIncidentInLists(client: QueryClient, id: string): Incident | undefined {
  for (const [, pages] of client.getQueriesData<IncidentPages>({ queryKey: incidentKeys.lists })) {
    const found = findIncidentInPages(pages, id);
    if (found) return found;
  }
  return undefined;
}

/** What this page knows of an incident, from its own page or from a list. */
export function findIncidentInCache(client: QueryClient, id: string): Incident | undefined {
  return client.getQueryData<IncidentDetail>(incidentKeys.detail(id)) ?? findIncidentInLists(client, id);
}

/** Changes every copy of an incident, wherever it is shown. */
function mapIncidentInCache(client: QueryClient, id: string, change: <T extends Incident>(known: T) => T): void {
  client.setQueryData<IncidentDetail>(incidentKeys.detail(id), (data) => data && change(data));
  client.setQueriesData<IncidentPages>({ queryKey: incidentKeys.lists }, (data) => data && mapIncidentInPages(data, id, change));
}

/** Writes changed fields wherever the incident is shown. What is older than what is shown is left out. */
export function patchIncidentInCache(client: QueryClient, id: string, changes: Partial<Incident>): void {
  mapIncidentInCache(client, id, (known) => mergeChangesUnlessOlder(known, changes));
}

/** Takes back a refused change; what others changed since stays. */
export function revertIncidentInCache(client: QueryClient, id: string, refused: IncidentEdit, before: IncidentEdit): void {
  mapIncidentInCache(client, id, (known) => revertRefusedFieldsOfEdit(known, refused, before));
}
