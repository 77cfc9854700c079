import { useSyncExternalStore } from 'react';
import type { Incident } from '../generated';
import type { DomainEvent } from '../lib/domainEvents';
import { createStoreWithListeners } from '../lib/store';

const SHOWN_MS = 4_000;
export type ChangedFields = ReadonlySet<keyof Incident>;
const NOTHING: ChangedFields = new Set();

/** Which fields of which incidents changed a moment ago, so that a screen can show it. */
const changeStore = createStoreWithListeners<ReadonlyMap<string, ChangedFields>>(new Map());
const timers = new Map<string, ReturnType<typeof setTimeout>>();

function setChangesOfIncident(id: string, fields: ChangedFields | null): void {
  const next = new Map(changeStore.get());
  if (fields) next.set(id, fields);
  else next.delete(id);
  changeStore.set(next);
}

function readChangedFieldsFromEvent(event: DomainEvent): [string, (keyof Incident)[]] | null {
  switch (event.name) {
    case 'incident:created':
      return [event.payload.incident.id, ['id']];
    case 'incident:updated':
      return [event.payload.incidentId, Object.keys(event.payload.changes) as (keyof Incident)[]];
    case 'incident:resolved':
      return [event.payload.incidentId, ['status', 'resolution']];
    default:
      return null;
  }
}

export function highlightChangesOfEvent(event: DomainEvent): void {
  const change = readChangedFieldsFromEvent(event);
  if (!change) return;
  const [id, fields] = change;
  setChangesOfIncident(id, new Set([...(changeStore.get().get(id) ?? []), ...fields]));
  clearTimeout(timers.get(id));
  timers.set(
    id,
    setTimeout(() => {
      timers.delete(id);
      setChangesOfIncident(id, null);
    }, SHOWN_MS),
  );
}

export function useChangedFields(incidentId: string): ChangedFields {
  return useSyncExternalStore(changeStore.subscribe, () => changeStore.get().get(incidentId) ?? NOTHING);
}
