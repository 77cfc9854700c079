import type { Incident } from '@owlpost/client';
import type { IncidentPages } from './types';

/** Changes one incident of a list, or drops it (`null`). Pages that do not hold it stay the same objects. */
export function mapIncidentInPages(data: IncidentPages, id: string, change: (known: Incident) => Incident | null): IncidentPages {
  const pages = data.pages.map((page) =>
    page.incidents.some((incident) => incident.id === id)
      ? { ...page, incidents: page.incidents.flatMap((each) => (each.id === id ? (change(each) ?? []) : [each])) }
      : page,
  );
  return { ...data, pages };
}

export function findIncidentInPages(data: IncidentPages | undefined, id: string): Incident | undefined {
  return data?.pages.flatMap((page) => page.incidents).find((incident) => incident.id === id);
}
