import { useSyncExternalStore } from 'react';

let message = '';
const listeners = new Set<() => void>();

/** Says something to screen readers, after what they are saying now. */
export function announcePolitelyToReaders(text: string): void {
  // The same words twice are news twice: a trailing space makes them differ.
  message = text === message ? `${text} ` : text;
  listeners.forEach((listener) => listener());
}

function subscribeToAnnouncements(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function useAnnouncement(): string {
  return useSyncExternalStore(subscribeToAnnouncements, () => message);
}
