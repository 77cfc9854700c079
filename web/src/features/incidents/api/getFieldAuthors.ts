import { useQuery } from '@tanstack/react-query';
import { activityKeys, type TimelineEntry } from '../../../entities/activity';
import { fetchTimelinePage } from './listTimeline';

/** Who last changed each field of an incident, as of one of its versions: from its timeline, which knows it also after an absence. */
export function useFieldAuthors(incidentId: string, version: number, enabled: boolean) {
  const { data } = useQuery({
    queryKey: [...activityKeys.timelineOf(incidentId), 'changes', version],
    queryFn: ({ signal }) => fetchTimelinePage(incidentId, null, signal),
    enabled,
  });
  return (field: string): TimelineEntry | undefined =>
    data?.entries.find((entry) => entry.changes?.some((change) => change.field === field));
}
