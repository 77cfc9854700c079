import { useMutation, useQueryClient } from '@tanstack/react-query';
import { patchIncidentInCache } from '../../../entities/incident';
import { useOutbox } from '../../../realtime';

export function useResolveIncident(incidentId: string) {
  const client = useQueryClient();
  const send = useOutbox();
  return useMutation({
    mutationFn: (resolution: string) => send({ kind: 'resolve', incidentId, resolution }),
    onSuccess: (incident) => incident && patchIncidentInCache(client, incidentId, incident),
  });
}
