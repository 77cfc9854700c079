import { useMutation, useQueryClient } from '@tanstack/react-query';
import {
  EditCollision,
  fetchFreshIncidentIntoCache,
  findIncidentInCache,
  type IncidentUpdate,
  patchIncidentInCache,
  revertIncidentInCache,
} from '../../../entities/incident';
import { describeErrorForPeople } from '../../../lib/apiError';
import { showFailureAsToast } from '../../../lib/toasts';
import { useOutbox } from '../../../realtime';

/** Shows a change at once; takes back what is still its own, with a message, when the server refuses. */
export function useUpdateIncident(id: string, { quiet = false }: { quiet?: boolean } = {}) {
  const client = useQueryClient();
  const send = useOutbox();
  return useMutation({
    mutationFn: (update: IncidentUpdate) => send({ kind: 'edit', incidentId: id, update }),
    onMutate: ({ edit }) => {
      if (quiet) return { before: undefined };
      const before = findIncidentInCache(client, id);
      patchIncidentInCache(client, id, edit);
      return { before };
    },
    onError: (error, { edit }, context) => {
      if (context?.before) revertIncidentInCache(client, id, edit, context.before);
      // Others may have written the very value that was taken back.
      const latest = error instanceof EditCollision ? Promise.resolve(error.latest) : fetchFreshIncidentIntoCache(client, id);
      latest.then(
        (incident) => patchIncidentInCache(client, id, incident),
        () => undefined,
      );
      if (!quiet && !(error instanceof EditCollision)) showFailureAsToast('The change was not saved', describeErrorForPeople(error));
    },
    // What waits for the connection is shown as what it will be.
    onSuccess: (incident, { edit }) => patchIncidentInCache(client, id, incident ?? edit),
  });
}
