import { useMutation, useQueryClient } from '@tanstack/react-query';
import { incidentKeys, patchIncidentInCache, findIncidentInCache } from '../../../entities/incident';
import type { Incident, Severity, Status, User } from '../../../generated';
import { describeErrorForPeople } from '../../../lib/apiError';
import { sendApiRequest } from '../../../lib/http';
import { showFailureAsToast } from '../../../lib/toasts';

export interface IncidentPatch {
  title?: string;
  description?: string | null;
  severity?: Severity;
  status?: Status;
  location?: string | null;
  assignee?: User | null;
  /** Refuse when somebody changed the incident since this version. */
  version?: number;
}

async function patchIncidentOnServer(id: string, patch: IncidentPatch): Promise<Incident> {
  const { assignee, ...fields } = patch;
  const body = assignee === undefined ? fields : { ...fields, assigneeId: assignee?.id ?? null };
  return await sendApiRequest<Incident>({ method: 'PATCH', path: `/api/incidents/${id}`, body });
}

/** Shows a change at once; takes it back, with a message, when the server refuses. */
export function useUpdateIncident(id: string, { quiet = false }: { quiet?: boolean } = {}) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (patch: IncidentPatch) => patchIncidentOnServer(id, patch),
    onMutate: (patch) => {
      const before = findIncidentInCache(client, id);
      const changes = { ...patch };
      delete changes.version;
      patchIncidentInCache(client, id, changes);
      return { before, fields: Object.keys(changes) as (keyof Incident)[] };
    },
    onError: (error, _patch, context) => {
      if (context?.before) {
        const { before, fields } = context;
        patchIncidentInCache(client, id, Object.fromEntries(fields.map((field) => [field, before[field]])));
      }
      void client.invalidateQueries({ queryKey: incidentKeys.detail(id) });
      if (!quiet) showFailureAsToast('The change was not saved', describeErrorForPeople(error));
    },
    onSuccess: (incident) => patchIncidentInCache(client, id, incident),
  });
}
