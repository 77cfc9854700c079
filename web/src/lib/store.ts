import type { ReadableStore } from '@owlpost/client';
import { useSyncExternalStore } from 'react';

/** The value of a store, in a component that is drawn again with every change. */
export function useStore<T>(store: ReadableStore<T>): T {
  return useSyncExternalStore(store.subscribe, store.get);
}
