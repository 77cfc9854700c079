import { createStoreWithListeners, type DomainEvent, type Incident } from '@owlpost/client';
import { useSyncExternalStore } from 'react';

const SHOWN_MS = 4_000;
export type ChangedFields = ReadonlySet<keyof Incident>;
const NOTHING: ChangedFields = new Set();

/** Which fields of which incidents changed a moment ago, so that a screen can show it. */
const changeStore = createStoreWithListeners<ReadonlyMap<string, ChangedFields>>(new Map());
function readChangedFieldsFromEvent(event: DomainEvent): { id: string; fields: (keyof Incident)[] } | null {
  switch (event.name) {
    case 'incident:created':
      return { id: event.payload.incident.id, fields: ['id'] };
    case 'incident:updated':
      return { id: event.payload.incidentId, fields: Object.keys(event.payload.changes) as (keyof Incident)[] };
    case 'incident:resolved':
      return { id: event.payload.incidentId, fields: ['status', 'resolution'] };
    default:
      return null;
  }
}

/** What fades within one tenth of a second fades together: a burst ends in few drawings, as it came in few. */
const FADE_STEP_MS = 100;

function forgetChangesOfIncidents(ids: readonly string[]): void {
  const next = new Map(changeStore.get());
  for (const id of ids) next.delete(id);
  changeStore.set(next);
}

const shownUntil = new Map<string, number>();
let fading: ReturnType<typeof setTimeout> | null = null;

function fadeWhatWasShownLongEnough(): void {
  fading = null;
  const now = Date.now();
  const over = [...shownUntil].filter(([, until]) => until <= now).map(([id]) => id);
  for (const id of over) shownUntil.delete(id);
  if (over.length > 0) forgetChangesOfIncidents(over);
  if (shownUntil.size > 0) fading = setTimeout(fadeWhatWasShownLongEnough, FADE_STEP_MS);
}

/** Marks what the events of a frame changed, for a moment. */
export function highlightChangesOfEvents(events: readonly DomainEvent[]): void {
  const changes = events.flatMap((event) => readChangedFieldsFromEvent(event) ?? []);
  if (changes.length === 0) return;
  const next = new Map(changeStore.get());
  for (const { id, fields } of changes) {
    next.set(id, new Set([...(next.get(id) ?? []), ...fields]));
    shownUntil.set(id, Date.now() + SHOWN_MS);
  }
  changeStore.set(next);
  fading ??= setTimeout(fadeWhatWasShownLongEnough, SHOWN_MS);
}

export function useChangedFields(incidentId: string): ChangedFields {
  return useSyncExternalStore(changeStore.subscribe, () => changeStore.get().get(incidentId) ?? NOTHING);
}
