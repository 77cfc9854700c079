import { useMemo, useSyncExternalStore } from 'react';
import type { PresenceTyping } from '../generated';

export interface Typist {
  userId: string;
  userName: string;
}

/** Who is typing where. The server ends a silent typist; a lost connection empties it. */
let typists: Readonly<Record<string, readonly Typist[]>> = {};
const listeners = new Set<() => void>();
const NOBODY: readonly Typist[] = [];

function replaceTypistsAndTell(next: typeof typists): void {
  typists = next;
  listeners.forEach((listener) => listener());
}

export function applyTypingEventToStore(event: PresenceTyping): void {
  const others = (typists[event.incidentId] ?? NOBODY).filter((each) => each.userId !== event.userId);
  const next = event.isTyping ? [...others, { userId: event.userId, userName: event.userName }] : others;
  replaceTypistsAndTell({ ...typists, [event.incidentId]: next });
}

export function removeTypistFromIncident(incidentId: string, userId: string): void {
  const current = typists[incidentId];
  if (current?.some((each) => each.userId === userId)) {
    replaceTypistsAndTell({ ...typists, [incidentId]: current.filter((each) => each.userId !== userId) });
  }
}

export function removeTypistFromEverywhere(userId: string): void {
  for (const incidentId of Object.keys(typists)) removeTypistFromIncident(incidentId, userId);
}

export function forgetAllTypistsEverywhere(): void {
  replaceTypistsAndTell({});
}

function subscribeToTypists(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function useTypists(incidentId: string): readonly Typist[] {
  const all = useSyncExternalStore(subscribeToTypists, () => typists);
  return useMemo(() => all[incidentId] ?? NOBODY, [all, incidentId]);
}
