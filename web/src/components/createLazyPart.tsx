import { useEffect, useSyncExternalStore, type ComponentType } from 'react';

const RETRY_MS = 3_000;

/**
 * A part of a page whose code is loaded after the page. Until it is there, and while it cannot be had, its place is empty: unlike
 * `React.lazy` it never takes the page down with it.
 */
export function createLazyPart<P extends object>(load: () => Promise<ComponentType<P>>) {
  let part: ComponentType<P> | null = null;
  let loading: Promise<void> | null = null;
  const listeners = new Set<() => void>();

  const loadOnceOrAgain = (): Promise<void> => {
    loading ??= load().then(
      (loaded) => {
        part = loaded;
        listeners.forEach((listener) => listener());
      },
      () => {
        loading = null;
      },
    );
    return loading;
  };

  const subscribe = (listener: () => void) => {
    listeners.add(listener);
    return () => listeners.delete(listener);
  };

  function LazyPart(props: P) {
    const Part = useSyncExternalStore(subscribe, () => part);
    useEffect(() => {
      if (Part) return;
      void loadOnceOrAgain();
      const timer = setInterval(() => void loadOnceOrAgain(), RETRY_MS);
      return () => clearInterval(timer);
    }, [Part]);
    return Part ? <Part {...props} /> : null;
  }

  return Object.assign(LazyPart, { preload: loadOnceOrAgain });
}
