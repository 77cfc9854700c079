import type { Incident } from '@owlpost/client';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { incidentKeys } from '../../../entities/incident';
import { rest } from '../../../lib/server';

const MOST_FOUND = 7;
const NONE: readonly Incident[] = [];

/** Incidents by any of their words, their printed id or who reported them. */
export function useIncidentSearch(q: string): readonly Incident[] {
  const { data } = useQuery({
    queryKey: [...incidentKeys.all, 'found', q],
    queryFn: ({ signal }) => rest.get('/api/incidents', { query: { q, limit: MOST_FOUND }, signal }),
    placeholderData: keepPreviousData,
    staleTime: 5_000,
    enabled: q !== '',
  });
  return q === '' ? NONE : (data?.incidents ?? NONE);
}
