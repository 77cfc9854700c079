import type { QueryClient } from '@tanstack/react-query';
import type { Incident } from '../../generated';
import type { IncidentDetail, IncidentPages } from '../../lib/cacheTypes';
import { queryKeys } from '../../lib/queryKeys';

export function findIncidentInLists(client: QueryClient, id: string): Incident | undefined {
  for (const [, pages] of client.getQueriesData<IncidentPages>({ queryKey: queryKeys.incidentLists })) {
    for (const page of pages?.pages ?? []) {
      const found = page.incidents.find((incident) => incident.id === id);
      if (found) return found;
    }
  }
  return undefined;
}

export function readIncidentFromCache(client: QueryClient, id: string): Incident | undefined {
  return client.getQueryData<IncidentDetail>(queryKeys.incidentDetail(id)) ?? findIncidentInLists(client, id);
}

/** Writes changed fields wherever the incident is shown. What is older than what is shown is left out. */
export function patchIncidentInCache(client: QueryClient, id: string, changes: Partial<Incident>): void {
  const apply = <T extends Incident>(incident: T): T =>
    changes.version !== undefined && changes.version < incident.version ? incident : { ...incident, ...changes };
  client.setQueryData<IncidentDetail>(queryKeys.incidentDetail(id), (data) => data && apply(data));
  client.setQueriesData<IncidentPages>({ queryKey: queryKeys.incidentLists }, (data) => {
    if (!data) return data;
    const pages = data.pages.map((page) =>
      page.incidents.some((incident) => incident.id === id)
        ? { ...page, incidents: page.incidents.map((each) => (each.id === id ? apply(each) : each)) }
        : page,
    );
    return { ...data, pages };
  });
}
