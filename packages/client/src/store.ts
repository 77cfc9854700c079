/** Who wants to be told of changes. */
export interface Listeners {
  tell(): void;
  /** Answers how to stop listening. */
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

/** A value that others can read and be told of. */
export interface ReadableStore<T> {
  get(): T;
  /** Calls the listener after every change; answers how to stop that. */
  subscribe(listener: () => void): () => void;
}

export interface Store<T> extends ReadableStore<T> {
  set(value: T): void;
}

/** A store in memory. */
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
