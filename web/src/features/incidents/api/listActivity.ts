import { useQuery } from '@tanstack/react-query';
import type { LoggedEvent } from '../../../lib/cacheTypes';
import { sendApiRequest } from '../../../lib/http';
import { queryKeys } from '../../../lib/queryKeys';
import { readSubjectOfEvent } from '../../../realtime';

interface EventPage {
  events: LoggedEvent[];
  lastEventId: string;
  complete: boolean;
}

const PAGE_SIZE = 100;
/** A log of thousands is not worth a timeline: its start is left out then. */
const MOST_PAGES = 10;

async function fetchActivityOfIncident(id: string, signal: AbortSignal): Promise<LoggedEvent[]> {
  const found: LoggedEvent[] = [];
  let after = '0';
  for (let page = 0; page < MOST_PAGES; page += 1) {
    const answer = await sendApiRequest<EventPage>({
      path: '/api/events',
      query: { after, limit: PAGE_SIZE, room: `incident:${id}` },
      signal,
    });
    found.push(...answer.events.filter((event) => readSubjectOfEvent(event.payload) === id));
    const last = answer.events.at(-1);
    if (!last || answer.events.length < PAGE_SIZE) break;
    after = last.eventId;
  }
  return found;
}

export function useActivity(id: string, enabled: boolean) {
  return useQuery({
    queryKey: queryKeys.incidentActivity(id),
    queryFn: ({ signal }) => fetchActivityOfIncident(id, signal),
    staleTime: 0,
    enabled,
  });
}
