import { useSyncExternalStore } from 'react';
import type { Incident } from '../generated';
import type { DomainEvent } from './events';

const SHOWN_MS = 4_000;
export type ChangedFields = ReadonlySet<keyof Incident>;
const NOTHING: ChangedFields = new Set();

/** Which fields of which incidents changed a moment ago, so that a screen can show it. */
let changes: ReadonlyMap<string, ChangedFields> = new Map();
const timers = new Map<string, ReturnType<typeof setTimeout>>();
const listeners = new Set<() => void>();

function setChangesOfIncident(id: string, fields: ChangedFields | null): void {
  const next = new Map(changes);
  if (fields) next.set(id, fields);
  else next.delete(id);
  changes = next;
  listeners.forEach((listener) => listener());
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
  setChangesOfIncident(id, new Set([...(changes.get(id) ?? []), ...fields]));
  clearTimeout(timers.get(id));
  timers.set(
    id,
    setTimeout(() => {
      timers.delete(id);
      setChangesOfIncident(id, null);
    }, SHOWN_MS),
  );
}

function subscribeToChanges(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function useChangedFields(incidentId: string): ChangedFields {
  return useSyncExternalStore(subscribeToChanges, () => changes.get(incidentId) ?? NOTHING);
}
