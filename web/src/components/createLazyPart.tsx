import { createStoreWithListeners } from '@owlpost/client';
import { useEffect, type ComponentType } from 'react';
import { checkForNewVersion } from '../lib/newVersion';
import { useStore } from '../lib/store';

const RETRY_MS = 3_000;

/** What stands in the place of a part whose code is not here yet. */
export interface StandInProps {
  /** The last try brought nothing. Another one is made every few seconds. */
  failed: boolean;
  onRetry: () => void;
}

function Nothing() {
  return null;
}

/**
 * A part of a page whose code is loaded after the page. Until it is there, and while it cannot be had, something else stands in its
 * place: unlike `React.lazy` it never takes the page down with it, and asks again.
 */
export function createLazyPart<P extends object>(load: () => Promise<ComponentType<P>>, StandIn: ComponentType<StandInProps> = Nothing) {
  const store = createStoreWithListeners<{ part: ComponentType<P> | null; failed: boolean }>({ part: null, failed: false });
  let loading: Promise<void> | null = null;

  // A module that could not be had is asked for anew at the next import.
  const loadOnceOrAgain = (): Promise<void> => {
    loading ??= load().then(
      (part) => store.set({ part, failed: false }),
      () => {
        loading = null;
        store.set({ part: null, failed: true });
        // A server of another version has other files.
        void checkForNewVersion();
      },
    );
    return loading;
  };

  function LazyPart(props: P) {
    const { part: Part, failed } = useStore(store);
    useEffect(() => {
      if (Part) return;
      void loadOnceOrAgain();
      const timer = setInterval(() => void loadOnceOrAgain(), RETRY_MS);
      return () => clearInterval(timer);
    }, [Part]);
    return Part ? <Part {...props} /> : <StandIn failed={failed} onRetry={() => void loadOnceOrAgain()} />;
  }

  /** For who has something else to show until it is there. */
  const useIsLoaded = (): boolean => useStore(store).part !== null;

  return Object.assign(LazyPart, { preload: loadOnceOrAgain, useIsLoaded });
}
