import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { incidentKeys, type IncidentPage } from '../../../entities/incident';
import type { Incident } from '../../../generated';
import { sendApiRequest } from '../../../lib/http';

const MOST_FOUND = 7;
const NONE: readonly Incident[] = [];

/** Incidents by any of their words, their printed id or who reported them. */
export function useIncidentSearch(q: string): readonly Incident[] {
  const { data } = useQuery({
    queryKey: [...incidentKeys.all, 'found', q],
    queryFn: ({ signal }) => sendApiRequest<IncidentPage>({ path: '/api/incidents', query: { q, limit: MOST_FOUND }, signal }),
    placeholderData: keepPreviousData,
    staleTime: 5_000,
    enabled: q !== '',
  });
  return q === '' ? NONE : (data?.incidents ?? NONE);
}
