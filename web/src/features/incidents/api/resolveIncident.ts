import { useMutation, useQueryClient } from '@tanstack/react-query';
import { patchIncidentInCache } from '../../../entities/incident';
import type { Incident } from '../../../generated';
import { sendApiRequest } from '../../../lib/http';

async function resolveIncidentOnServer(id: string, resolution: string): Promise<Incident> {
  const answer = await sendApiRequest<{ incident: Incident }>({
    method: 'DELETE',
    path: `/api/incidents/${id}`,
    body: resolution ? { resolution } : {},
  });
  return answer.incident;
}

export function useResolveIncident(id: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (resolution: string) => resolveIncidentOnServer(id, resolution),
    onSuccess: (incident) => patchIncidentInCache(client, id, incident),
  });
}
