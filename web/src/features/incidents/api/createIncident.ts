import type { IncidentReport } from '@owlpost/client/rest';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { incidentKeys } from '../../../entities/incident';
import { useOutbox } from '../../../realtime';

interface NewReport {
  report: IncidentReport;
  /** What its form takes to go on with it. */
  draft: unknown;
  /** A second click, or a retry after a lost answer, must not report the same thing twice. */
  key: string;
}

export function useCreateIncident() {
  const client = useQueryClient();
  const send = useOutbox();
  return useMutation({
    mutationFn: ({ key, ...write }: NewReport) => send({ kind: 'report', ...write }, key),
    // Its event puts it into the lists; the detail page can open without waiting.
    onSuccess: (incident) => incident && client.setQueryData(incidentKeys.detail(incident.id), incident),
  });
}
