import { useEffect, type ComponentType } from 'react';
import { createStoreWithListeners, useStore } from '../lib/store';

const RETRY_MS = 3_000;

/**
 * A part of a page whose code is loaded after the page. Until it is there, and while it cannot be had, its place is empty: unlike
 * `React.lazy` it never takes the page down with it.
 */
export function createLazyPart<P extends object>(load: () => Promise<ComponentType<P>>) {
  const store = createStoreWithListeners<{ part: ComponentType<P> | null }>({ part: null });
  let loading: Promise<void> | null = null;

  const loadOnceOrAgain = (): Promise<void> => {
    loading ??= load().then(
      (part) => store.set({ part }),
      () => {
        loading = null;
      },
    );
    return loading;
  };

  function LazyPart(props: P) {
    const { part: Part } = useStore(store);
    useEffect(() => {
      if (Part) return;
      void loadOnceOrAgain();
      const timer = setInterval(() => void loadOnceOrAgain(), RETRY_MS);
      return () => clearInterval(timer);
    }, [Part]);
    return Part ? <Part {...props} /> : null;
  }

  /** For who has something else to show until it is there. */
  const useIsLoaded = (): boolean => useStore(store).part !== null;

  return Object.assign(LazyPart, { preload: loadOnceOrAgain, useIsLoaded });
}
