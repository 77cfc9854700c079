import { useMutation, useQueryClient } from '@tanstack/react-query';
import type { Incident, Severity } from '../../../generated';
import { sendApiRequest } from '../../../lib/http';
import { queryKeys } from '../../../lib/queryKeys';

export interface NewIncident {
  title: string;
  description: string | null;
  severity: Severity;
  location: string | null;
  assigneeId: string | null;
}

function postIncidentToServer({ incident, key }: { incident: NewIncident; key: string }): Promise<Incident> {
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
    onSuccess: (incident) => client.setQueryData(queryKeys.incidentDetail(incident.id), incident),
  });
}
