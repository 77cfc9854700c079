import { type Incident, OwlPostError } from '@owlpost/client';
import type { QueryClient } from '@tanstack/react-query';
import { rest } from '../../lib/server';
import { incidentKeys } from './keys';
import { type EditableField, type IncidentEdit, listCollisionsOfEdit } from './mergeEdits';
import type { IncidentDetail } from './types';

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

export function fetchIncidentById(id: string, signal?: AbortSignal): Promise<IncidentDetail> {
  return rest.get('/api/incidents/{id}', { path: { id }, signal });
}

export function fetchFreshIncidentIntoCache(client: QueryClient, id: string): Promise<IncidentDetail> {
  return client.fetchQuery({
    queryKey: incidentKeys.detail(id),
    queryFn: ({ signal }) => fetchIncidentById(id, signal),
    staleTime: 0,
  });
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

/**
 * Saves an edit on whatever version there is by now, unless somebody else changed the same fields. The key makes a repetition after a
 * lost answer the same edit; on another version it is another request, and so has another key.
 */
export async function saveEditUnlessCollided(client: QueryClient, { edit, base }: IncidentUpdate, key: string): Promise<Incident> {
  let { version } = base;
  for (let tries = 0; ; tries += 1) {
    try {
      return await rest.patch('/api/incidents/{id}', {
        path: { id: base.id },
        body: buildBodyOfEdit(edit, version),
        idempotencyKey: `${key}.${version}`,
      });
    } catch (error) {
      if (!(error instanceof OwlPostError) || error.code !== 'CONFLICT' || tries === MOST_RETRIES) throw error;
      const latest = await fetchFreshIncidentIntoCache(client, base.id);
      const collided = listCollisionsOfEdit(base, edit, latest);
      if (collided.length > 0) throw new EditCollision(collided, latest);
      version = latest.version;
    }
  }
}
