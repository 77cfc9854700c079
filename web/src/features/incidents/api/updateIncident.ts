import { useMutation, useQueryClient, type QueryClient } from '@tanstack/react-query';
import {
  type EditableField,
  findIncidentInCache,
  type IncidentEdit,
  listCollisionsOfEdit,
  patchIncidentInCache,
  revertIncidentInCache,
} from '../../../entities/incident';
import type { Incident } from '../../../generated';
import { ApiError, describeErrorForPeople } from '../../../lib/apiError';
import { sendApiRequest } from '../../../lib/http';
import { showFailureAsToast } from '../../../lib/toasts';
import { fetchFreshIncidentIntoCache } from './getIncident';

/** Others may be faster than a retry; this often is plenty. */
const MOST_RETRIES = 5;

/** Somebody else gave fields that this edit changes another value since it began. */
export class EditCollision extends Error {
  constructor(
    readonly fields: EditableField[],
    readonly latest: Incident,
  ) {
    super('Somebody else changed the same');
  }
}

export interface IncidentUpdate {
  /** The changed fields alone. */
  edit: IncidentEdit;
  /** What the incident was when the edit began. */
  base: Incident;
}

function buildBodyOfEdit({ assignee, ...edit }: IncidentEdit, version: number): Record<string, unknown> {
  const { title, description, location } = edit;
  return {
    ...edit,
    ...(title === undefined ? {} : { title: title.trim() }),
    ...(description === undefined ? {} : { description: description?.trim() || null }),
    ...(location === undefined ? {} : { location: location?.trim() || null }),
    ...(assignee === undefined ? {} : { assigneeId: assignee?.id ?? null }),
    version,
  };
}

/** Saves an edit on whatever version there is by now, unless somebody else changed the same fields. */
async function saveEditUnlessCollided(client: QueryClient, { edit, base }: IncidentUpdate): Promise<Incident> {
  let { version } = base;
  for (let tries = 0; ; tries += 1) {
    try {
      const body = buildBodyOfEdit(edit, version);
      return await sendApiRequest<Incident>({ method: 'PATCH', path: `/api/incidents/${base.id}`, body });
    } catch (error) {
      if (!(error instanceof ApiError) || error.code !== 'CONFLICT' || tries === MOST_RETRIES) throw error;
      const latest = await fetchFreshIncidentIntoCache(client, base.id);
      const collided = listCollisionsOfEdit(base, edit, latest);
      if (collided.length > 0) throw new EditCollision(collided, latest);
      version = latest.version;
    }
  }
}

/** Shows a change at once; takes back what is still its own, with a message, when the server refuses. */
export function useUpdateIncident(id: string, { quiet = false }: { quiet?: boolean } = {}) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (update: IncidentUpdate) => saveEditUnlessCollided(client, update),
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
    onSuccess: (incident) => patchIncidentInCache(client, id, incident),
  });
}
