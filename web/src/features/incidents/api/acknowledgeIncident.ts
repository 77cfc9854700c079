import { useMutation, useQueryClient } from '@tanstack/react-query';
import { incidentKeys, patchIncidentInCache } from '../../../entities/incident';
import type { Incident, User } from '../../../generated';
import { ApiError, describeErrorForPeople } from '../../../lib/apiError';
import { sendApiRequest } from '../../../lib/http';
import { formatClockOfTime } from '../../../lib/time';
import { showFailureAsToast } from '../../../lib/toasts';

function acknowledgeIncidentOnServer({ id, version }: Incident): Promise<Incident> {
  return sendApiRequest<Incident>({ method: 'POST', path: `/api/incidents/${id}/acknowledge`, body: { version } });
}

/** Who was first, when that is why it was refused. */
function readFirstFromError(error: unknown): { acknowledgedBy: User; acknowledgedAt: string } | null {
  if (!(error instanceof ApiError)) return null;
  const details = error.details as { acknowledgedBy?: User; acknowledgedAt?: string } | undefined;
  return details?.acknowledgedBy && details.acknowledgedAt
    ? { acknowledgedBy: details.acknowledgedBy, acknowledgedAt: details.acknowledgedAt }
    : null;
}

/** "I have it". The first one wins; whoever comes second is told who that was, and when. */
export function useAcknowledgeIncident() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: acknowledgeIncidentOnServer,
    onSuccess: (incident) => patchIncidentInCache(client, incident.id, incident),
    onError: (error, { id, title }) => {
      const first = readFirstFromError(error);
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
