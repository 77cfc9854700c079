import { createStoreWithListeners, type PresenceTyping } from '@owlpost/client';
import { useMemo } from 'react';
import { useStore } from '../lib/store';

export interface Typist {
  userId: string;
  userName: string;
}

/** Who is typing where. The server ends a silent typist; a lost connection empties it. */
const typingStore = createStoreWithListeners<Readonly<Record<string, readonly Typist[]>>>({});
const NOBODY: readonly Typist[] = [];

export function applyTypingEventToStore(event: PresenceTyping): void {
  const others = (typingStore.get()[event.incidentId] ?? NOBODY).filter((each) => each.userId !== event.userId);
  const next = event.isTyping ? [...others, { userId: event.userId, userName: event.userName }] : others;
  typingStore.set({ ...typingStore.get(), [event.incidentId]: next });
}

export function removeTypistFromIncident(incidentId: string, userId: string): void {
  const typists = typingStore.get();
  const current = typists[incidentId];
  if (current?.some((each) => each.userId === userId)) {
    typingStore.set({ ...typists, [incidentId]: current.filter((each) => each.userId !== userId) });
  }
}

export function removeTypistFromEverywhere(userId: string): void {
  for (const incidentId of Object.keys(typingStore.get())) removeTypistFromIncident(incidentId, userId);
}

export function forgetAllTypistsEverywhere(): void {
  typingStore.set({});
}

export function useTypists(incidentId: string): readonly Typist[] {
  const all = useStore(typingStore);
  return useMemo(() => all[incidentId] ?? NOBODY, [all, incidentId]);
}
