import { useSyncExternalStore } from 'react';

/** Who wants to be told of changes. */
export interface Listeners {
  tell(): void;
  subscribe(listener: () => void): () => void;
}

/** `begin` is run for the first who listens, and what it answers when the last has gone. */
export function createListeners(begin?: () => () => void): Listeners {
  const listeners = new Set<() => void>();
  let end: (() => void) | undefined;
  return {
    // One tells all at once: screens must not see a change one by one, children before their parents.
    tell: () => listeners.forEach((listener) => listener()),
    subscribe(listener) {
      if (listeners.size === 0) end = begin?.();
      listeners.add(listener);
      return () => {
        if (listeners.delete(listener) && listeners.size === 0) end?.();
      };
    },
  };
}

/** A value outside of components that they can read: whoever listens is told of every change. */
export interface Store<T> {
  get(): T;
  set(value: T): void;
  subscribe(listener: () => void): () => void;
}

export function createStoreWithListeners<T>(initial: T): Store<T> {
  const { tell, subscribe } = createListeners();
  let value = initial;
  return {
    get: () => value,
    set(next) {
      if (Object.is(value, next)) return;
      value = next;
      tell();
    },
    subscribe,
  };
}

export function useStore<T>(store: Pick<Store<T>, 'get' | 'subscribe'>): T {
  return useSyncExternalStore(store.subscribe, store.get);
}
