import { createListeners, type Store } from '@owlpost/client';

/** A value kept in localStorage: every reader of this tab and every other tab sees a change at once. */
export type PersistedStore<T> = Store<T>;

export function createPersistedStoreForKey<T>(key: string, parse: (stored: unknown) => T): PersistedStore<T> {
  let text: string | null | undefined;
  let value: T;

  function readStoredTextIfChanged(): T {
    let stored: string | null;
    try {
      stored = localStorage.getItem(key);
    } catch {
      // Storage may be forbidden (private windows); the value then lives as long as the tab.
      stored = text ?? null;
    }
    if (text !== undefined && stored === text) return value;
    text = stored;
    try {
      value = parse(stored === null ? null : JSON.parse(stored));
    } catch {
      value = parse(null);
    }
    return value;
  }

  const { tell, subscribe } = createListeners(() => {
    const tellOfOtherTabs = (event: StorageEvent) => {
      if (event.key === key || event.key === null) tell();
    };
    window.addEventListener('storage', tellOfOtherTabs);
    return () => window.removeEventListener('storage', tellOfOtherTabs);
  });

  return {
    get: readStoredTextIfChanged,
    set(next) {
      text = next === null ? null : JSON.stringify(next);
      value = next;
      try {
        if (text === null) localStorage.removeItem(key);
        else localStorage.setItem(key, text);
      } catch {
        // As above: kept in memory.
      }
      tell();
    },
    subscribe,
  };
}
