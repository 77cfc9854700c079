import { createStoreWithListeners } from '@owlpost/client';
import { useStore } from './store';

/** As long as a reader may take to come to it, and no longer: what is old is no news. */
const SPOKEN_MS = 10_000;
const MOST_AT_ONCE = 5;

export interface Announcement {
  id: number;
  text: string;
}

const store = createStoreWithListeners<readonly Announcement[]>([]);
let count = 0;

/** Says something to screen readers, once, after what they are saying now. */
export function announcePolitelyToReaders(text: string): void {
  count += 1;
  const said = { id: count, text };
  store.set([...store.get(), said].slice(-MOST_AT_ONCE));
  setTimeout(() => store.set(store.get().filter((each) => each !== said)), SPOKEN_MS);
}

export function useAnnouncements(): readonly Announcement[] {
  return useStore(store);
}
