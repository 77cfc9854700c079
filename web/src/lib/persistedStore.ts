/** A value kept in localStorage: every reader of this tab and every other tab sees a change at once. */
export interface PersistedStore<T> {
  get(): T;
  set(value: T): void;
  subscribe(listener: () => void): () => void;
}

export function createPersistedStoreForKey<T>(key: string, parse: (stored: unknown) => T): PersistedStore<T> {
  const listeners = new Set<() => void>();
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

  // One listener tells all at once: screens must not see the change one by one, children before their parents.
  function tellOfOtherTabs(event: StorageEvent): void {
    if (event.key === key || event.key === null) listeners.forEach((listener) => listener());
  }

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
      listeners.forEach((listener) => listener());
    },
    subscribe(listener) {
      if (listeners.size === 0) window.addEventListener('storage', tellOfOtherTabs);
      listeners.add(listener);
      return () => {
        listeners.delete(listener);
        if (listeners.size === 0) window.removeEventListener('storage', tellOfOtherTabs);
      };
    },
  };
}
