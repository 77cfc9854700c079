import { createStoreWithListeners, useStore } from './store';

const messageStore = createStoreWithListeners('');

/** Says something to screen readers, after what they are saying now. */
export function announcePolitelyToReaders(text: string): void {
  // The same words twice are news twice: a trailing space makes them differ.
  messageStore.set(text === messageStore.get() ? `${text} ` : text);
}

export function useAnnouncement(): string {
  return useStore(messageStore);
}
