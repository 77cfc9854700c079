import { useMutation, useQueryClient } from '@tanstack/react-query';
import { incidentKeys } from '../../../entities/incident';
import type { Incident } from '../../../generated';
import type { IncidentReport } from '../../../generated/rest';
import { sendApiRequest } from '../../../lib/http';

function postIncidentToServer({ incident, key }: { incident: IncidentReport; key: string }): Promise<Incident> {
  return sendApiRequest<Incident>({
    method: 'POST',
    path: '/api/incidents',
    body: incident,
    // A second click, or a retry after a lost answer, must not report the same thing twice.
    headers: { 'Idempotency-Key': key },
  });
}

export function useCreateIncident() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: postIncidentToServer,
    // Its event puts it into the lists; the detail page can open without waiting.
    onSuccess: (incident) => client.setQueryData(incidentKeys.detail(incident.id), incident),
  });
}
