import { useSyncExternalStore } from 'react';
import { createPersistedStoreForKey } from '../../../lib/persistedStore';

/** Alerts a person has said "Not me" to, in this browser. The oldest make room. */
const MOST_REMEMBERED = 200;
const NONE: readonly string[] = [];

type SentAway = Readonly<Record<string, readonly string[]>>;

function parseStoredIdsOrNone(stored: unknown): SentAway {
  return typeof stored === 'object' && stored !== null ? (stored as SentAway) : {};
}

const store = createPersistedStoreForKey('owlpost.not-me', parseStoredIdsOrNone);

export function sendAlertAway(userId: string, incidentId: string): void {
  const mine = store.get()[userId] ?? NONE;
  if (!mine.includes(incidentId)) store.set({ ...store.get(), [userId]: [...mine, incidentId].slice(-MOST_REMEMBERED) });
}

/** The next step of its escalation brings it back: nobody else took it either. */
export function bringAlertBack(userId: string, incidentId: string): void {
  const mine = store.get()[userId] ?? NONE;
  if (mine.includes(incidentId)) store.set({ ...store.get(), [userId]: mine.filter((id) => id !== incidentId) });
}

export function useAlertsSentAway(userId: string): readonly string[] {
  return useSyncExternalStore(store.subscribe, () => store.get()[userId] ?? NONE);
}
