import type { Incident } from '@owlpost/client';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { incidentKeys, patchIncidentInCache } from '../../../entities/incident';
import { describeErrorForPeople } from '../../../lib/apiError';
import { formatClockOfTime } from '../../../lib/time';
import { showFailureAsToast } from '../../../lib/toasts';
import { readFirstWhoTook, useOutbox } from '../../../realtime';

/** "I have it". The first one wins; whoever comes second is told who that was, and when. */
export function useAcknowledgeIncident() {
  const client = useQueryClient();
  const send = useOutbox();
  return useMutation({
    mutationFn: ({ id, version }: Incident) => send({ kind: 'take', incidentId: id, version }),
    onSuccess: (incident, { id }) => incident && patchIncidentInCache(client, id, incident),
    onError: (error, { id, title }) => {
      const first = readFirstWhoTook(error);
      if (first) {
        patchIncidentInCache(client, id, first);
        const when = formatClockOfTime(first.acknowledgedAt);
        showFailureAsToast(`${first.acknowledgedBy.name} has it`, `${first.acknowledgedBy.name} took “${title}” at ${when}`);
      } else {
        showFailureAsToast('It was not taken', describeErrorForPeople(error));
      }
      void client.invalidateQueries({ queryKey: incidentKeys.detail(id) });
    },
  });
}
